using Grpc.Core;
using Grpc.Net.Client;
using Migration.Interop;

var (host, port, name) = (Flag("--server_host") ?? "localhost", Flag("--server_port"), Flag("--test_case"));
if (port is null || name is null || !InteropCases.ByName.TryGetValue(name, out var run))
{
    Console.Error.WriteLine("usage: grpc-interop-client --server_host HOST --server_port PORT --test_case CASE");
    Console.Error.WriteLine($"cases: {string.Join(' ', InteropCases.ByName.Keys)}");
    return 2;
}

try
{
    using var channel = GrpcChannel.ForAddress($"http://{host}:{port}");
    await run(new InteropCases(channel));
    Console.WriteLine($"{name}: passed");
    return 0;
}
catch (Exception e) when (e is InteropException or RpcException or UriFormatException)
{
    Console.Error.WriteLine($"{name}: {e.Message}");
    return 1;
}

// Both "--name value" and "--name=value".
string? Flag(string name)
{
    var at = Array.FindIndex(args, arg => arg == name || arg.StartsWith(name + "=", StringComparison.Ordinal));
    if (at < 0) return null;
    return args[at] == name ? args.ElementAtOrDefault(at + 1) : args[at][(name.Length + 1)..];
}
