using Microsoft.Extensions.Logging;

namespace Migration.Local.ApiServer;

internal static partial class Log
{
    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed")]
    public static partial void RequestFailed(ILogger log, string method, string path, Exception failure);

    [LoggerMessage(LogLevel.Information, "Loaded {Kind} {Name} from {File}")]
    public static partial void Loaded(ILogger log, string kind, string name, string file);

    [LoggerMessage(LogLevel.Warning, "Webhook {Webhook} could not be asked, {Consequence}: {Why}")]
    public static partial void WebhookFailed(ILogger log, string webhook, string consequence, string why);

    [LoggerMessage(LogLevel.Error, "Garbage collection of {Resource} {Key} failed, it will be tried again")]
    public static partial void CollectionFailed(ILogger log, string resource, string key, Exception failure);
}
