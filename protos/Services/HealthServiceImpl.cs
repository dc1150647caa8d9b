using System.Threading.Channels;
using Grpc.Core;
using Grpc.Health.V1;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace Grpc.HealthCheck;

/// <summary>Tells the health of services as the application has set it.</summary>
public class HealthServiceImpl : Health.V1.Health.HealthBase
{
    // Protects both maps, and the order in which a watcher hears of changes.
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ServingStatus> _statuses = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Channel<ServingStatus>>> _watchers = new(StringComparer.Ordinal);

    /// <summary>Says how a service does; the name "" stands for the server as a whole.</summary>
    public void SetStatus(string service, ServingStatus status)
    {
        lock (_gate)
        {
            SetLocked(service, status);
        }
    }

    /// <summary>Forgets a service.</summary>
    public void ClearStatus(string service)
    {
        lock (_gate)
        {
            ClearLocked(service);
        }
    }

    /// <summary>Forgets all services.</summary>
    public void ClearAll()
    {
        lock (_gate)
        {
            foreach (var service in _statuses.Keys.ToArray())
            {
                ClearLocked(service);
            }
        }
    }

    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        lock (_gate)
        {
            return _statuses.TryGetValue(request.Service, out var status)
                ? Task.FromResult(new HealthCheckResponse { Status = status })
                : throw new RpcException(new Status(StatusCode.NotFound, $"No health is told of service '{request.Service}'."));
        }
    }

    public override Task<HealthListResponse> List(HealthListRequest request, ServerCallContext context)
    {
        var response = new HealthListResponse();
        lock (_gate)
        {
            foreach (var (service, status) in _statuses)
            {
                response.Statuses.Add(service, new HealthCheckResponse { Status = status });
            }
        }
        return Task.FromResult(response);
    }

    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        var changes = Join(request.Service);
        try
        {
            ServingStatus? told = null;
            await foreach (var status in changes.Reader.ReadAllAsync(context.CancellationToken))
            {
                if (status == told) continue;
                await responseStream.WriteAsync(new HealthCheckResponse { Status = status }, context.CancellationToken);
                told = status;
            }
        }
        finally
        {
            Leave(request.Service, changes);
        }
    }

    private Channel<ServingStatus> Join(string service)
    {
        // A slow watcher misses what is past, never what is.
        var changes = Channel.CreateBounded<ServingStatus>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        lock (_gate)
        {
            if (!_watchers.TryGetValue(service, out var others)) _watchers[service] = others = [];
            others.Add(changes);
            changes.Writer.TryWrite(_statuses.GetValueOrDefault(service, ServingStatus.ServiceUnknown));
        }
        return changes;
    }

    private void Leave(string service, Channel<ServingStatus> changes)
    {
        lock (_gate)
        {
            var others = _watchers[service];
            others.Remove(changes);
            if (others.Count == 0) _watchers.Remove(service);
        }
    }

    private void SetLocked(string service, ServingStatus status)
    {
        _statuses[service] = status;
        TellLocked(service, status);
    }

    private void ClearLocked(string service)
    {
        if (_statuses.Remove(service)) TellLocked(service, ServingStatus.ServiceUnknown);
    }

    private void TellLocked(string service, ServingStatus status)
    {
        if (!_watchers.TryGetValue(service, out var watchers)) return;
        foreach (var watcher in watchers)
        {
            watcher.Writer.TryWrite(status);
        }
    }
}
