using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Migration.Cluster.Tests.Client;

/// <summary>Keeps what was logged, for the message of a test that fails.</summary>
public sealed class LogLines : ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {logLevel} {formatter(state, exception)}");

    public override string ToString() => string.Join('\n', _lines);
}
