using Microsoft.Extensions.Logging;

namespace Migration.Local;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "{Program} ended with code {Code}; it is started again (log: {File})")]
    public static partial void ProgramEnded(ILogger logger, string program, int code, string file);

    [LoggerMessage(Level = LogLevel.Information, Message = "Bound pod {Pod} to node {Node}")]
    public static partial void PodBound(ILogger logger, string pod, string node);

    [LoggerMessage(Level = LogLevel.Information, Message = "Started pod {Pod} with address {Address}")]
    public static partial void PodStarted(ILogger logger, string pod, string address);

    [LoggerMessage(Level = LogLevel.Information, Message = "Removed pod {Pod}")]
    public static partial void PodRemoved(ILogger logger, string pod);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Pod {Pod} cannot start yet: {Reason}")]
    public static partial void PodCannotStart(ILogger logger, string pod, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Bound claim {Claim} to volume {Volume}")]
    public static partial void ClaimBound(ILogger logger, string claim, string volume);
}
