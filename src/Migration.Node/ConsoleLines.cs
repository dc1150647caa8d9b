using Microsoft.Extensions.Logging;

namespace Migration.Node;

/// <summary>The log: one line per event on standard error, level and source first.</summary>
internal sealed class ConsoleLines : ILoggerProvider
{
    private readonly Lock _gate = new(); // one line at a time
    private readonly TextWriter _errors = Console.Error;

    public ILogger CreateLogger(string categoryName) => new Lines(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void Dispose()
    {
    }

    private void Write(string line)
    {
        lock (_gate)
            _errors.WriteLine(line);
    }

    private sealed class Lines(ConsoleLines console, string source) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is not LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var text = formatter(state, exception).ReplaceLineEndings(" ").Trim();
            console.Write($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {Short(logLevel)} {source}: {text}{(exception is null ? "" : $" {exception.ToString().ReplaceLineEndings(" | ")}")}");
        }

        private static string Short(LogLevel level) => level switch
        {
            LogLevel.Trace or LogLevel.Debug => "debug",
            LogLevel.Information => "info",
            LogLevel.Warning => "warn",
            _ => "error",
        };
    }
}
