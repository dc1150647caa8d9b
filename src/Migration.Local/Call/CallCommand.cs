using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Migration.Local.Call;

/// <summary><c>migration call</c>: one RPC to a node's unix socket, JSON in and JSON out, for shells and for people.</summary>
public static class CallCommand
{
    private const int Failed = 1, Misused = 2;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <param name="socket">The node's unix socket.</param>
    /// <param name="method"><c>Networks/Attach</c> or <c>migration.node.v1.Networks/Attach</c>; empty lists what there is.</param>
    /// <param name="request">The request in protobuf's JSON.</param>
    public static async Task<int> RunAsync(string socket, string method, string request, CancellationToken ct)
    {
        if (method.Length == 0)
            return List();
        if (NodeMethod.Find(method) is not { } found)
            return Misuse($"there is no method '{method}'; migration call {socket} lists them");
        try
        {
            using var channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions { HttpHandler = UnixSocketTransport.CreateHandler(socket), DisposeHttpClient = true });
            await foreach (var answer in found.Call(channel.CreateCallInvoker(), found.Parse(request), Limit, ct))
                Console.WriteLine(JsonFormatter.Default.Format(answer));
            return 0;
        }
        catch (InvalidProtocolBufferException malformed)
        {
            return Misuse($"the request is not a {found.RequestType}: {malformed.Message}");
        }
        catch (RpcException refused)
        {
            await Console.Error.WriteLineAsync($"{refused.StatusCode}: {refused.Status.Detail}");
            return Failed;
        }
    }

    private static int List()
    {
        foreach (var method in NodeMethod.All())
            Console.WriteLine($"{method.Name,-32} {method.RequestType} → {(method.IsStream ? "stream of " : "")}{method.ResponseType}");
        return 0;
    }

    private static int Misuse(string message)
    {
        Console.Error.WriteLine($"migration call: {message}");
        return Misused;
    }
}
