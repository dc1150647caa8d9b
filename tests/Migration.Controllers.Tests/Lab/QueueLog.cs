using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Migration.Controllers.Tests.Lab;

/// <summary>Keeps what was logged, for the message of a test that fails.</summary>
internal sealed class QueueLog(ConcurrentQueue<string> lines) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        lines.Enqueue($"{DateTime.UtcNow:HH:mm:ss.fff} {logLevel} {formatter(state, exception)} {(logLevel >= LogLevel.Warning ? exception : null)}");

    public void Dispose()
    {
    }
}
