using Grpc.HealthCheck;
using Grpc.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Migration.Netlink;
using Migration.Node;
using Migration.Node.Machines;
using Migration.Node.Migrations;
using Migration.Node.Networks;
using Migration.Node.Networks.Delegates;
using Migration.Node.Serving;
using Migration.Node.State;
using Migration.Telemetry;

if (!NodeOptions.TryParse(args, out var options, out var error))
{
    Console.Error.WriteLine($"migration-node: {error}");
    return 2;
}

try
{
    return await RunAsync(options!);
}
catch (Exception failure) when (failure is RefusedException or IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException or System.Net.Sockets.SocketException)
{
    Console.Error.WriteLine($"migration-node: {failure.Message}");
    return 1;
}

static async Task<int> RunAsync(NodeOptions options)
{
    using var state = StateDirectory.Open(options.State);
    var identity = NodeIdentity.Load(options.Certificates);
    PrepareSocket(options.Socket);

    // Before the first meter, so that nothing is missed.
    using var exposition = new Exposition("Migration.");
    using var traces = Traces.Start("migration-node", options.Name);
    var builder = WebApplication.CreateSlimBuilder();
    builder.Logging.ClearProviders();
    builder.Logging.AddProvider(new ConsoleLines());
    builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("System", LogLevel.Warning).AddFilter("Migration", LogLevel.Information);
    builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options, identity));
    AddServices(builder.Services, options, state, identity);
    await using var app = builder.Build();
    MapServices(app);

    // In this order: a migration takes its machine before the machine's owner looks at it.
    app.Services.GetRequiredService<Attachments>().Recover();
    app.Services.GetRequiredService<PodNetworks>().Recover();
    app.Services.GetRequiredService<MachineRoom>().Recover();
    app.Services.GetRequiredService<MigrationDesk>().Recover();
    app.Services.GetRequiredService<MachineRoom>().Start();
    app.Services.GetRequiredService<MigrationDesk>().Start();

    app.Services.GetRequiredService<NodeMetrics>().Show(
        app.Services.GetRequiredService<MachineRoom>(), app.Services.GetRequiredService<MigrationDesk>(), app.Services.GetRequiredService<Attachments>());
    await app.StartAsync();
    await using var metrics = options.HttpListen is { } address ? await MetricsServer.StartAsync(address, exposition, CancellationToken.None) : null;
    // Once it listens: a plugin that does not find the node writes its entry and then asks once more.
    app.Services.GetRequiredService<Journal>().Start();
    File.SetUnixFileMode(options.Socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Migration.Node");
    Log.Started(log, options.Name, options.Listen?.ToString() ?? "no address", options.DataListen?.ToString() ?? "no address", options.Socket, options.Qemu);
    await app.WaitForShutdownAsync();
    Log.Stopped(log);
    return 0;
}

static void PrepareSocket(string path)
{
    Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    // The state directory is locked: whoever left this file is dead.
    File.Delete(path);
}

static void Listen(KestrelServerOptions kestrel, NodeOptions options, NodeIdentity? identity)
{
    kestrel.ListenUnixSocket(options.Socket, listen => listen.Protocols = HttpProtocols.Http2);
    if (options.Listen is not { } endpoint || identity is null)
        return;
    kestrel.Listen(endpoint, listen =>
    {
        listen.Protocols = HttpProtocols.Http2;
        listen.UseHttps(https =>
        {
            https.ServerCertificate = identity.Certificate;
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
            https.SslProtocols = System.Security.Authentication.SslProtocols.Tls13;
            https.ClientCertificateValidation = (certificate, _, _) => identity.IsTrusted(certificate);
        });
    });
}

static void AddServices(IServiceCollection services, NodeOptions options, StateDirectory state, NodeIdentity? identity)
{
    services.AddSingleton(options);
    services.AddSingleton(state);
    services.AddSingleton(TimeProvider.System);
    services.AddSingleton<NodeMetrics>();
    services.AddSingleton(new Wirings(options.Wiring, TrafficCapabilities.Probe()));
    services.AddSingleton<Bindings>();
    services.AddSingleton<GuestServer>();
    services.AddSingleton<Attachments>();
    services.AddSingleton<PodNetworks>();
    services.AddSingleton<NetworkReadiness>();
    services.AddSingleton<Journal>();
    services.AddSingleton<Announcer>();
    services.AddSingleton<HostProbe>();
    services.AddSingleton<MachineRoom>();
    services.AddSingleton(provider => new MigrationDesk(
        options, state, provider.GetRequiredService<MachineRoom>(), identity, provider.GetRequiredService<Attachments>(), provider.GetRequiredService<Announcer>(),
        provider.GetRequiredService<NodeMetrics>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>()));
    var health = new HealthServiceImpl();
    health.SetStatus("", Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.Serving);
    services.AddSingleton(health);
    services.AddSingleton(new ReflectionServiceImpl(
        Migration.Protos.Networks.Descriptor, Migration.Protos.Machines.Descriptor, Migration.Protos.Migrations.Descriptor, Migration.Protos.Node.Descriptor, Grpc.Health.V1.Health.Descriptor));
    services.AddGrpc(grpc =>
    {
        grpc.Interceptors.Add<MeteringInterceptor>();
        grpc.Interceptors.Add<AuthorizationInterceptor>();
        grpc.Interceptors.Add<RefusalInterceptor>();
    });
}

static void MapServices(WebApplication app)
{
    app.MapGrpcService<NetworksService>();
    app.MapGrpcService<MachinesService>();
    app.MapGrpcService<MigrationsService>();
    app.MapGrpcService<NodeService>();
    app.MapGrpcService<HealthServiceImpl>();
    app.MapGrpcService<ReflectionServiceImpl>();
}
