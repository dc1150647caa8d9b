using Microsoft.Extensions.Logging.Abstractions;
using Migration.Node.Machines;
using Migration.Node.Migrations;
using Migration.Node.Networks;
using Migration.Node.State;

namespace Migration.Node.Tests.State;

public sealed class RecordFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mt-records-").FullName;

    [Fact]
    public void Machine_record_survives_with_everything_in_it()
    {
        var record = new MachineRecord
        {
            Plan = new()
            {
                Id = "m",
                Pod = new("ns", "pod", "uid"),
                MemoryBytes = 1L << 40,
                KernelBoot = new("v", "/k", "/i", "quiet"),
                Incoming = true,
                Interfaces = [new() { Name = "default", Queues = 2, Lease = new() { Mac = "02:00:00:00:00:01", Addresses = ["10.0.0.1/24"], Routes = [new("10.0.0.0/8", "")], ValidFor = TimeSpan.FromMinutes(5) } }],
            },
            LaunchId = "l",
            Accelerator = Accelerator.Tcg,
            Arrival = new("mig", "a", DateTimeOffset.UnixEpoch),
            Deletion = new(TimeSpan.FromSeconds(3), DateTimeOffset.UnixEpoch),
            Ending = new(MachinePhase.Stopped, "why"),
        };
        var folder = new RecordFolder<MachineRecord>(_folder, NodeJson.Default.MachineRecord, NullLogger.Instance);

        folder.Save("m", record);
        var (id, read) = Assert.Single(folder.Load());

        Assert.Equal("m", id);
        Assert.Equivalent(record, read, strict: true);
    }

    [Fact]
    public void Migration_records_survive_with_everything_in_them()
    {
        var record = new OutgoingRecord
        {
            Id = "m",
            MachineId = "x",
            TargetNode = "b",
            DataEndpoint = "d",
            ControlEndpoint = "c",
            Token = [1, 2, 3],
            Settings = new() { TimeLimit = TimeSpan.FromSeconds(1), Channels = 4 },
            Phase = MigrationPhase.Undecided,
            StoppedAt = DateTimeOffset.UnixEpoch.AddTicks(12345),
            CancelReason = "r",
            Progress = new() { TotalBytes = 5, Iteration = 2 },
            Begun = true,
        };
        var folder = new RecordFolder<OutgoingRecord>(_folder, NodeJson.Default.OutgoingRecord, NullLogger.Instance);

        folder.Save("m", record);

        Assert.Equivalent(record, Assert.Single(folder.Load()).Record, strict: true);
        folder.Delete("m");
        Assert.Empty(folder.Load());
    }

    [Fact]
    public void File_that_cannot_be_read_is_set_aside_and_the_others_are_read()
    {
        var folder = new RecordFolder<Attachment>(_folder, NodeJson.Default.Attachment, NullLogger.Instance);
        folder.Save("good", new Attachment { Key = new("n", "c", "eth0"), Pod = new("ns", "p", "u"), NamespacePath = "/x" });
        File.WriteAllText(Path.Combine(_folder, "bad.json"), "{ half a rec");

        Assert.Equal("good", Assert.Single(folder.Load()).Id);
        Assert.Equal("good", Assert.Single(folder.Load()).Id);
        Assert.True(File.Exists(Path.Combine(_folder, "bad.json.unreadable")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../x")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    [InlineData("a b")]
    public void Id_that_could_leave_the_folder_is_refused(string id)
    {
        var refused = Assert.Throws<RefusedException>(() => Identifier.Checked(id, "id"));
        Assert.Equal(Refusal.Malformed, refused.Refusal);
    }

    [Fact]
    public void State_directory_has_one_holder()
    {
        using (StateDirectory.Open(_folder))
            Assert.Equal(Refusal.Busy, Assert.Throws<RefusedException>(() => StateDirectory.Open(_folder)).Refusal);
        StateDirectory.Open(_folder).Dispose();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
