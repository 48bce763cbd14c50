using Microsoft.Extensions.Logging;
using Petrel.Cli.Output;

namespace Petrel.Cli.Hosting;

/// <summary>
/// Writes each log entry as one line to standard output, which the launcher redirects to the process's log file. PETREL_LOG sets the level
/// (default: Information), and PETREL_LOG_FORMAT=json the format.
/// </summary>
internal sealed class LineLogging : ILoggerProvider
{
    private readonly LogLevel _level = Enum.TryParse<LogLevel>(
        Environment.GetEnvironmentVariable("PETREL_LOG"),
        ignoreCase: true,
        out var level
    )
        ? level
        : LogLevel.Information;

    private readonly bool _json = LogFormat.IsJson;

    /// <summary>Creates a logger factory with only this provider.</summary>
    public static ILoggerFactory Create() => new LoggerFactory([new LineLogging()], new LoggerFilterOptions { MinLevel = LogLevel.Trace });

    public ILogger CreateLogger(string categoryName) => new LineLogger(this, categoryName);

    public void Dispose()
    {
        // Do not dispose of standard output, because it belongs to the process.
    }

    private sealed class LineLogger(LineLogging owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        // The web server's information messages are only about its startup. The audit log covers requests.
        public bool IsEnabled(LogLevel logLevel) =>
            logLevel >= (category.StartsWith("Microsoft.", StringComparison.Ordinal) ? LogLevel.Warning : owner._level);

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            if (IsEnabled(logLevel))
            {
                var entry = new LogEntry(
                    DateTimeOffset.UtcNow,
                    logLevel,
                    category,
                    eventId.Id,
                    formatter(state, exception),
                    state as IEnumerable<KeyValuePair<string, object?>> ?? [],
                    exception
                );
                SafeOutput.Standard.WriteLine(owner._json ? LogFormat.Json(entry) : LogFormat.Text(entry));
            }
        }
    }
}
