using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Migration.Telemetry;

/// <summary>
/// Traces by OTLP, where OpenTelemetry's own environment says to whom (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c> and its like).
/// Where it says nothing, nothing is loaded and nothing recorded.
/// </summary>
public static class Traces
{
    public static IDisposable? Start(string service, string instance) =>
        Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 }
        || Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") is { Length: > 0 }
            ? Export(service, instance)
            : null;

    // A method of its own: the exporter's assemblies are loaded when it is called, not before.
    private static TracerProvider Export(string service, string instance) =>
        Sdk.CreateTracerProviderBuilder()
            .ConfigureResource(resource => resource.AddService(service, serviceInstanceId: instance))
            .AddSource("Migration.*")
            .AddOtlpExporter()
            .Build();
}
