using System.Runtime.InteropServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Migration.Controllers;
using Migration.Controllers.Nodes;
using Migration.Kubernetes;

using var stop = new CancellationTokenSource();
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var logs = LoggerFactory.Create(builder => builder
    .AddSimpleConsole(format => (format.SingleLine, format.TimestampFormat, format.ColorBehavior) = (true, "HH:mm:ss.fff ", LoggerColorBehavior.Disabled))
    .Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
try
{
    var options = CommandLine.Parse(args);
    // Certificates that cannot be read are found now, not when the first node appears.
    using (new NodeCertificates(options.Certificates).ConnectionsTo("startup"))
    {
    }
    var server = options.Kubeconfig is { } path ? KubernetesConfig.FromKubeconfig(path) : KubernetesConfig.InCluster();
    await new ControllerProcess(options, server, logs, TimeProvider.System).RunAsync(stop.Token);
    return 0;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 0;
}
catch (FormatException e)
{
    await Console.Error.WriteLineAsync($"migration-controllers: {e.Message}\n{CommandLine.Usage}");
    return 2;
}
catch (Exception e) when (e is NodeCertificateException or KubeconfigException or LeadershipLostException or IOException)
{
    await Console.Error.WriteLineAsync($"migration-controllers: {e.Message}");
    return 1;
}

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
