using System.Collections.Concurrent;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Migration.Protos;

namespace Migration.Cni.Tests;

/// <summary>
/// A node as the plugin sees it: a real gRPC server on a unix socket in a folder of its own. What it answers is up to the test; what it
/// was asked is kept.
/// </summary>
internal sealed class TestNode : IAsyncDisposable
{
    private const string Prefix = "migration-cni-";

    private static readonly Lazy<bool> LeftoversRemoved = new(RemoveLeftovers);
    private readonly WebApplication? _application;

    private TestNode(string folder, WebApplication? application, Service service)
    {
        Folder = folder;
        _application = application;
        Answers = service;
    }

    public string Folder { get; }

    public string Socket => Path.Combine(Folder, "node.sock");

    public string Journal => Path.Combine(Folder, "journal");

    public Service Answers { get; }

    /// <summary>A node that is there.</summary>
    public static async Task<TestNode> StartAsync()
    {
        var node = Absent();
        return new TestNode(node.Folder, await ListenAsync(node.Socket, node.Answers), node.Answers);
    }

    /// <summary>Only the place where a node would be.</summary>
    public static TestNode Absent()
    {
        _ = LeftoversRemoved.Value;
        return new TestNode(Directory.CreateTempSubdirectory($"{Prefix}{Environment.ProcessId}-").FullName, null, new Service());
    }

    /// <summary>Begins to listen at an absent node's place.</summary>
    public async Task<TestNode> ComeUpAsync() => new(Folder, await ListenAsync(Socket, Answers), Answers);

    public async ValueTask DisposeAsync()
    {
        if (_application is not null) await _application.DisposeAsync();
        if (Directory.Exists(Folder)) Directory.Delete(Folder, recursive: true);
    }

    // Of runs that were killed.
    private static bool RemoveLeftovers()
    {
        foreach (var folder in Directory.EnumerateDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            var owner = Path.GetFileName(folder)[Prefix.Length..].Split('-')[0];
            if (int.TryParse(owner, out var pid) && !Directory.Exists($"/proc/{pid}")) Directory.Delete(folder, recursive: true);
        }
        return true;
    }

    private static async Task<WebApplication> ListenAsync(string socket, Service service)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(socket, o => o.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(service);
        var application = builder.Build();
        application.MapGrpcService<Service>();
        await application.StartAsync();
        return application;
    }

    /// <summary>The node's Networks service.</summary>
    internal sealed class Service : Networks.NetworksBase
    {
        public ConcurrentQueue<object> Requests { get; } = new();

        /// <summary>Runs before each answer; may throw or wait.</summary>
        public Func<ServerCallContext, Task> Before { get; set; } = _ => Task.CompletedTask;

        public StatusResponse StatusResponse { get; set; } = new() { Ready = true };

        public override Task<AttachResponse> Attach(AttachRequest request, ServerCallContext context) =>
            Answer(request, context, new AttachResponse { Attachment = new Attachment { Key = request.Key, Pod = request.Pod } });

        public override Task<DetachResponse> Detach(DetachRequest request, ServerCallContext context) => Answer(request, context, new DetachResponse());

        public override Task<CheckResponse> Check(CheckRequest request, ServerCallContext context) => Answer(request, context, new CheckResponse());

        public override Task<CollectResponse> Collect(CollectRequest request, ServerCallContext context) => Answer(request, context, new CollectResponse());

        public override Task<StatusResponse> Status(StatusRequest request, ServerCallContext context) => Answer(request, context, StatusResponse);

        private async Task<T> Answer<T>(object request, ServerCallContext context, T answer)
        {
            Requests.Enqueue(request);
            await Before(context);
            return answer;
        }
    }
}
