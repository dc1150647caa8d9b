using System.Net;
using Google.Protobuf.WellKnownTypes;
using Migration.Node.State;
using Wire = Migration.Protos;

namespace Migration.Node.Migrations;

/// <summary>Between the contract's messages and the node's own records; what is malformed stops here.</summary>
internal static class MigrationMapping
{
    private const uint MostChannels = 16;

    public static MigrationSettings ToSettings(Wire.MigrationOptions? wire)
    {
        wire ??= new();
        if (wire.Channels > MostChannels)
            throw Malformed($"options.channels is {wire.Channels}; {MostChannels} is the limit");
        if (wire.MaxBandwidth > long.MaxValue)
            throw Malformed($"options.max_bandwidth is {wire.MaxBandwidth} bytes per second");
        return new MigrationSettings
        {
            AllowPlaintext = wire.AllowPlaintext,
            MaxBandwidth = (long)wire.MaxBandwidth,
            MaxDowntime = Positive(wire.MaxDowntime, "options.max_downtime"),
            TimeLimit = Positive(wire.TimeLimit, "options.time_limit"),
            AllowAutoConverge = wire.AllowAutoConverge,
            MayStop = wire.AllowWorkloadDisruption,
            Channels = wire.Channels == 0 ? 1 : (int)wire.Channels,
            Anchor = wire.Anchor is Wire.Anchor.Always,
        };
    }

    public static OutgoingRecord ToRecord(Wire.StartOutgoingRequest wire, DateTimeOffset now)
    {
        if (!IPEndPoint.TryParse(wire.DataEndpoint, out _))
            throw Malformed($"data_endpoint '{wire.DataEndpoint}' is not an address and port such as 10.10.0.2:7412");
        if (!IPEndPoint.TryParse(wire.ControlEndpoint, out _))
            throw Malformed($"control_endpoint '{wire.ControlEndpoint}' is not an address and port such as 10.10.0.2:7411");
        if (wire.TargetNode.Length == 0)
            throw Malformed("target_node is empty");
        if (wire.Token.Length == 0 || wire.Token.Length > byte.MaxValue)
            throw Malformed($"token is {wire.Token.Length} bytes long");
        var settings = ToSettings(wire.Options);
        return new OutgoingRecord
        {
            Id = Identifier.Checked(wire.MigrationId, "migration_id"),
            MachineId = Identifier.Checked(wire.MachineId, "machine_id"),
            TargetNode = wire.TargetNode,
            DataEndpoint = wire.DataEndpoint,
            ControlEndpoint = wire.ControlEndpoint,
            Token = wire.Token.ToByteArray(),
            Encrypted = wire.Encrypted,
            Channels = wire.Channels == 0 ? settings.Channels : (int)Math.Min(wire.Channels, MostChannels),
            Settings = settings,
            Started = now,
        };
    }

    public static Wire.Stretch ToWire(StretchedNic nic) => new()
    {
        Interface = nic.Name,
        Id = nic.Way.Id,
        HomeMachineId = nic.Way.HomeMachine,
        HomeNode = nic.Way.HomeNode,
        HomeAddress = nic.Way.HomeAddress,
        HomeControlEndpoint = nic.Way.HomeControl,
        GuestNode = nic.Way.GuestNode,
        GuestAddress = nic.Way.GuestAddress,
        Passing = nic.Way.Passing,
    };

    public static Networks.Stretch ToStretch(Wire.Stretch wire, Networks.StretchPart part)
    {
        if (wire.Id is 0 or >= Networks.Stretch.Ids)
            throw Malformed($"stretch.id {wire.Id} is not a number of 24 bits");
        foreach (var address in new[] { wire.HomeAddress, wire.GuestAddress })
        {
            if (!IPAddress.TryParse(address, out _))
                throw Malformed($"stretch {wire.Id}: '{address}' is not an IP address");
        }

        return new Networks.Stretch
        {
            Id = wire.Id,
            Part = part,
            HomeMachine = Identifier.Checked(wire.HomeMachineId, "stretch.home_machine_id"),
            HomeNode = wire.HomeNode,
            HomeAddress = wire.HomeAddress,
            HomeControl = wire.HomeControlEndpoint,
            GuestNode = wire.GuestNode,
            GuestAddress = wire.GuestAddress,
            Passing = wire.Passing,
        };
    }

    public static Wire.MigrationState ToWire(MigrationSnapshot migration)
    {
        var record = migration.Record;
        var outgoing = record as OutgoingRecord;
        return new Wire.MigrationState
        {
            Id = record.Id,
            MachineId = record.MachineId,
            Role = outgoing is null ? Wire.MigrationRole.Target : Wire.MigrationRole.Source,
            Phase = (Wire.MigrationPhase)record.Phase,
            Reason = string.Join("; ", new[] { record.Reason, outgoing?.WayTrouble }.Where(said => !string.IsNullOrEmpty(said))),
            Progress = ToWire(migration.Progress),
            Encrypted = record.Encrypted,
            Transport = record.Encrypted ? "unix" : "fd",
            Started = record.Started.ToTimestamp(),
            Ended = record.Ended?.ToTimestamp(),
            StoppedAt = record.StoppedAt?.ToTimestamp(),
            ResumedAt = record.ResumedAt?.ToTimestamp(),
            TotalTime = record.Ended is { } ended ? Duration.FromTimeSpan(ended - record.Started) : null,
            Downtime = outgoing?.Downtime is { } downtime ? Duration.FromTimeSpan(downtime) : null,
            Outcome = (Wire.Outcome)record.Verdict,
            Version = migration.Version,
            Anchored = outgoing?.Anchored == true,
            FramesSentAfter = (uint)(outgoing?.FramesSentAfter ?? 0),
            Paused = outgoing?.Stopping == true,
        };
    }

    private static Wire.MigrationProgress ToWire(Progress progress) => new()
    {
        TotalBytes = (ulong)progress.TotalBytes,
        TransferredBytes = (ulong)progress.TransferredBytes,
        RemainingBytes = (ulong)progress.RemainingBytes,
        Percent = (uint)progress.Percent,
        BytesPerSecond = progress.BytesPerSecond,
        DirtyBytesPerSecond = progress.DirtyBytesPerSecond,
        Iteration = (uint)progress.Iteration,
        PredictedDowntime = progress.PredictedDowntime is { } downtime ? Duration.FromTimeSpan(downtime) : null,
    };

    private static TimeSpan? Positive(Duration? wire, string field) => wire?.ToTimeSpan() switch
    {
        null => null,
        { } time when time > TimeSpan.Zero => time,
        { } time when time == TimeSpan.Zero => null,
        { } time => throw Malformed($"{field} is {time}"),
    };

    private static RefusedException Malformed(string message) => new(Refusal.Malformed, message);
}
