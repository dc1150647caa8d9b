namespace Migration.Cni;

/// <summary>One execution: environment and standard input in, a result or an error on standard output.</summary>
internal static class Plugin
{
    // Annotations may have 256 KiB in all; a list for GC some hundred bytes for each pod.
    private const int LongestInput = 4 * 1024 * 1024;

    public static int Run(Func<Stream> input, Func<Stream> output, Func<string, string?> variable)
    {
        var command = variable(Invocation.CommandVariable);
        if (string.IsNullOrEmpty(command)) return About();
        var version = CniVersion.Newest;
        try
        {
            var result = Execute(command, input, variable, ref version);
            output().Write(result.Span);
            return 0;
        }
        catch (Exception e)
        {
            var error = e as CniException ?? new CniException(e is IOException or UnauthorizedAccessException ? CniErrorCode.Io : CniErrorCode.Internal, e.Message, e.GetType().Name);
            return Refuse(output, Output.Error(error, version));
        }
    }

    private static int Refuse(Func<Stream> output, ReadOnlyMemory<byte> error)
    {
        try
        {
            output().Write(error.Span);
        }
        catch (IOException)
        {
            // Nobody reads: the exit code is all that is left to say.
        }
        return 1;
    }

    private static ReadOnlyMemory<byte> Execute(string command, Func<Stream> input, Func<string, string?> variable, ref string version)
    {
        if (command is not ("ADD" or "DEL" or "CHECK" or "GC" or "STATUS" or "VERSION"))
            throw new CniException(CniErrorCode.InvalidEnvironment, $"unknown CNI_COMMAND: {command}");
        var invocation = command == "VERSION" ? null : Invocation.Read(command, variable);
        var json = ReadAll(input());
        if (invocation is null) return Output.Versions(json.IsEmpty ? version : NetworkConfiguration.Parse(json).CniVersion);

        var configuration = NetworkConfiguration.Parse(json);
        if (CniVersion.IsSupported(configuration.CniVersion)) version = configuration.CniVersion;
        configuration.Check();
        return command switch
        {
            "ADD" => Add(invocation, configuration),
            "DEL" => Delete(invocation, configuration),
            "CHECK" => Check(invocation, configuration),
            "GC" => Collect(configuration),
            _ => Status(configuration),
        };
    }

    private static ReadOnlyMemory<byte> Add(Invocation invocation, NetworkConfiguration configuration)
    {
        // We bind what another plugin made.
        RequirePreviousResult(configuration, "ADD");
        if (invocation.IsVirtualMachine) Call(configuration, node => node.Attach(invocation));
        return Output.Result(configuration.PreviousResult, configuration.CniVersion);
    }

    private static ReadOnlyMemory<byte> Delete(Invocation invocation, NetworkConfiguration configuration)
    {
        if (!invocation.IsVirtualMachine) return default;
        Call(configuration, node =>
        {
            if (node.TryDetach(invocation)) return;
            var file = DetachJournal.Record(invocation, configuration);
            // A node that came up meanwhile may have read the journal before this file was in it.
            if (node.TryDetach(invocation)) File.Delete(file);
        });
        return default;
    }

    private static ReadOnlyMemory<byte> Check(Invocation invocation, NetworkConfiguration configuration)
    {
        RequireVersion(configuration, "CHECK", CniVersion.FirstWithCheck);
        RequirePreviousResult(configuration, "CHECK");
        if (invocation.IsVirtualMachine) Call(configuration, node => node.Check(invocation));
        return default;
    }

    private static ReadOnlyMemory<byte> Collect(NetworkConfiguration configuration)
    {
        RequireVersion(configuration, "GC", CniVersion.FirstWithCollect);
        Call(configuration, node => node.Collect());
        return default;
    }

    private static ReadOnlyMemory<byte> Status(NetworkConfiguration configuration)
    {
        RequireVersion(configuration, "STATUS", CniVersion.FirstWithCollect);
        Call(configuration, node => node.Status());
        return default;
    }

    private static void Call(NetworkConfiguration configuration, Action<NodeCall> call)
    {
        using var node = new NodeCall(configuration);
        call(node);
    }

    private static void RequirePreviousResult(NetworkConfiguration configuration, string command)
    {
        if (configuration.PreviousResult.IsEmpty)
            throw new CniException(
                CniErrorCode.InvalidConfiguration, $"{command} without prevResult", "migration-cni is chained after the plugin that makes the pod's interface");
    }

    private static void RequireVersion(NetworkConfiguration configuration, string command, string first)
    {
        if (!CniVersion.IsAtLeast(configuration.CniVersion, first))
            throw new CniException(CniErrorCode.IncompatibleVersion, $"configuration version \"{configuration.CniVersion}\" does not allow {command}", $"{command} came with {first}");
    }

    private static ReadOnlyMemory<byte> ReadAll(Stream input)
    {
        var buffer = new byte[8 * 1024];
        var length = 0;
        while (true)
        {
            var read = input.Read(buffer, length, buffer.Length - length);
            if (read == 0) return buffer.AsMemory(0, length);
            length += read;
            if (length > LongestInput) throw new CniException(CniErrorCode.Decode, $"network configuration on standard input is longer than {LongestInput} bytes");
            if (length == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
        }
    }

    // Somebody ran us by hand.
    private static int About()
    {
        Console.Error.WriteLine($"migration-cni: binds the pods of virtual machines to their guests. CNI versions: {string.Join(", ", CniVersion.Supported)}");
        return 0;
    }
}
