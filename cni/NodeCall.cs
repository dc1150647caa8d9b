using System.Diagnostics;
using System.Globalization;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Migration.Protos;

namespace Migration.Cni;

/// <summary>The one call to the node that a command makes, over its unix socket.</summary>
internal sealed class NodeCall : IDisposable
{
    // STATUS is asked every few seconds and tells what is now.
    private static readonly TimeSpan StatusLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(25), LongestPause = TimeSpan.FromMilliseconds(500);

    private readonly NetworkConfiguration _configuration;
    private readonly GrpcChannel _channel;
    private readonly Networks.NetworksClient _node;
    private readonly long _started = Stopwatch.GetTimestamp();

    public NodeCall(NetworkConfiguration configuration)
    {
        _configuration = configuration;
        var transport = UnixSocketTransport.CreateHandler(configuration.NodeSocket);
        _channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions { HttpHandler = transport, DisposeHttpClient = true });
        _node = new Networks.NetworksClient(_channel);
    }

    private TimeSpan Left => _configuration.Timeout - Stopwatch.GetElapsedTime(_started);

    /// <summary>ADD: waits for the node to be there and to have the machine's plan.</summary>
    public void Attach(Invocation invocation)
    {
        var request = new AttachRequest
        {
            Key = Key(invocation),
            Pod = new PodIdentity { Namespace = invocation.PodNamespace, Name = invocation.PodName, Uid = invocation.PodUid },
            NamespacePath = invocation.NetworkNamespace,
        };
        foreach (var (name, value) in _configuration.PodAnnotations) request.PodAnnotations[name] = value;
        Patiently(options =>
        {
            // The node gives up a little before we do, so that its reason arrives.
            request.PlanTimeout = Duration.FromTimeSpan(Left * 0.9);
            _node.Attach(request, options);
        });
    }

    /// <summary>DEL: false when there is no node to tell.</summary>
    public bool TryDetach(Invocation invocation)
    {
        var request = new DetachRequest { Key = Key(invocation), NamespacePath = invocation.NetworkNamespace, Promptly = true };
        try
        {
            Patiently(options => _node.Detach(request, options), waitForNode: false);
            return true;
        }
        catch (CniException e) when (e.InnerException is RpcException rpc && IsAbsence(rpc))
        {
            return false;
        }
    }

    public void Check(Invocation invocation) =>
        Patiently(options => _node.Check(new CheckRequest { Key = Key(invocation), NamespacePath = invocation.NetworkNamespace }, options));

    public void Collect()
    {
        var request = new CollectRequest { Network = _configuration.Name };
        foreach (var (container, link) in _configuration.ValidAttachments)
            request.Valid.Add(new AttachmentKey { Network = _configuration.Name, ContainerId = container, InterfaceName = link });
        Patiently(options => _node.Collect(request, options), waitForNode: false);
    }

    public void Status()
    {
        StatusResponse status;
        try
        {
            status = _node.Status(new StatusRequest(), new CallOptions(deadline: In(StatusLimit)));
        }
        catch (RpcException e)
        {
            throw new CniException(
                CniErrorCode.NotAvailable, $"no node answers at {_configuration.NodeSocket}", IsAbsence(e) ? Absence(e) : e.Status.Detail);
        }
        if (!status.Ready)
            throw new CniException(status.ExistingLimited ? CniErrorCode.NotAvailableAndLimited : CniErrorCode.NotAvailable, "the node is not ready", status.Reason);
    }

    public void Dispose() => _channel.Dispose();

    // Calls until the node has answered, it is not worth repeating, or time is up.
    private void Patiently(Action<CallOptions> call, bool waitForNode = true)
    {
        var pause = FirstPause;
        while (true)
        {
            try
            {
                call(new CallOptions(deadline: In(Left)));
                return;
            }
            catch (RpcException e) when (MayPass(e) && (waitForNode || !IsAbsence(e)) && pause < Left)
            {
                Task.Delay(pause, TimeProvider.System).Wait();
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
            catch (RpcException e)
            {
                throw Refusal(e);
            }
        }
    }

    private static bool MayPass(RpcException e) => e.StatusCode is StatusCode.Unavailable or StatusCode.Aborted;

    // Not the node's own word but the transport's: nobody listens, or who did is gone.
    private static bool IsAbsence(RpcException e) => e.StatusCode == StatusCode.Unavailable && e.Status.DebugException is not null;

    private CniException Refusal(RpcException e) => DelegateError(e) ?? e.StatusCode switch
    {
        StatusCode.InvalidArgument => new CniException(CniErrorCode.InvalidConfiguration, e.Status.Detail, Details(e), e),
        StatusCode.Unavailable when IsAbsence(e) =>
            new CniException(CniErrorCode.TryAgainLater, $"no node answers at {_configuration.NodeSocket}", Absence(e), e),
        StatusCode.Unavailable or StatusCode.Aborted => new CniException(CniErrorCode.TryAgainLater, e.Status.Detail, Details(e), e),
        StatusCode.DeadlineExceeded =>
            new CniException(CniErrorCode.TryAgainLater, $"the node at {_configuration.NodeSocket} did not answer within {_configuration.Timeout.TotalSeconds:0} s", Details(e), e),
        _ => new CniException(CniErrorCode.Private + (int)e.StatusCode, e.Status.Detail, Details(e), e),
    };

    // A plugin that the node executes for this pod has refused: the runtime is told its own words (networks.proto, Attach).
    private static CniException? DelegateError(RpcException e) =>
        int.TryParse(e.Trailers.Get("cni-code")?.Value, CultureInfo.InvariantCulture, out var code)
            ? new CniException((CniErrorCode)code, Text(e, "cni-message-bin"), e.Status.Detail, e)
            : null;

    private static string Text(RpcException e, string trailer) => Encoding.UTF8.GetString(e.Trailers.Get(trailer)?.ValueBytes ?? []);

    // A socket that is not there is reported by .NET as an address that cannot be assigned.
    private string Absence(RpcException e) => File.Exists(_configuration.NodeSocket) ? e.Status.Detail : "there is no such socket";

    private static string Details(RpcException e) => $"gRPC status {(int)e.StatusCode} ({e.StatusCode})";

    private AttachmentKey Key(Invocation invocation) => new()
    {
        Network = _configuration.Name,
        ContainerId = invocation.ContainerId,
        InterfaceName = invocation.InterfaceName,
    };

    private static DateTime In(TimeSpan time) => TimeProvider.System.GetUtcNow().UtcDateTime + time;
}
