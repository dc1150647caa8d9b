using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Migration.Interop;

if (Flag("--port") is not { } text || !int.TryParse(text, CultureInfo.InvariantCulture, out var port) || port is < 0 or > 65535)
{
    Console.Error.WriteLine("usage: grpc-interop-server --port PORT");
    return 2;
}

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenAnyIP(port, listen => listen.Protocols = HttpProtocols.Http2));
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddGrpc(options => options.ResponseCompressionAlgorithm = "gzip");

await using var app = builder.Build();
app.MapGrpcService<InteropService>();
await app.StartAsync();
Console.WriteLine($"listening on {app.Urls.First()}");
await app.WaitForShutdownAsync();
return 0;

// Both "--name value" and "--name=value".
string? Flag(string name)
{
    var at = Array.FindIndex(args, arg => arg == name || arg.StartsWith(name + "=", StringComparison.Ordinal));
    if (at < 0) return null;
    return args[at] == name ? args.ElementAtOrDefault(at + 1) : args[at][(name.Length + 1)..];
}
