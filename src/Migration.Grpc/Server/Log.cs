using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Error, "{Method} failed")]
    public static partial void Failed(ILogger logger, string method, Exception cause);

    [LoggerMessage(2, LogLevel.Debug, "{Method} ended with {Status}: {Detail}")]
    public static partial void Refused(ILogger logger, string method, StatusCode status, string detail);

    [LoggerMessage(3, LogLevel.Debug, "{Method} was ended by the client")]
    public static partial void ClientGone(ILogger logger, string method);

    [LoggerMessage(4, LogLevel.Debug, "{Method} was not done by its deadline")]
    public static partial void Late(ILogger logger, string method);
}
