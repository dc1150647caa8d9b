namespace Grpc.Core;

/// <summary>What all generated clients share.</summary>
public abstract class ClientBase
{
    protected ClientBase(ChannelBase channel)
        : this(channel.CreateCallInvoker())
    {
    }

    protected ClientBase(CallInvoker callInvoker)
        : this(new ClientBaseConfiguration(callInvoker, null))
    {
    }

    /// <summary>For test doubles, which make no calls.</summary>
    protected ClientBase()
        : this(new ClientBaseConfiguration(new UnconnectedCallInvoker(), null))
    {
    }

    protected ClientBase(ClientBaseConfiguration configuration)
    {
        Configuration = configuration;
        CallInvoker = configuration.CreateCallInvoker();
    }

    protected CallInvoker CallInvoker { get; }

    internal ClientBaseConfiguration Configuration { get; }

    /// <summary>How a client is connected; generated code passes it on.</summary>
    protected internal sealed class ClientBaseConfiguration
    {
        private readonly CallInvoker _invoker;
        private readonly string? _host;

        internal ClientBaseConfiguration(CallInvoker invoker, string? host)
        {
            _invoker = invoker;
            _host = host;
        }

        internal ClientBaseConfiguration WithHost(string host) => new(_invoker, host);

        internal CallInvoker CreateCallInvoker() => _host is null ? _invoker : new HostCallInvoker(_invoker, _host);
    }
}
