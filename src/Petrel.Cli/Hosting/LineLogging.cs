using Microsoft.Extensions.Logging;

namespace Petrel.Cli.Hosting;

/// <summary>
/// Logs as one line each on standard output, which the launcher sends to the process's log file. Level from PETREL_LOG (default:
/// Information).
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

    /// <summary>A factory that logs this way only.</summary>
    public static ILoggerFactory Create() => new LoggerFactory([new LineLogging()], new LoggerFilterOptions { MinLevel = LogLevel.Trace });

    public ILogger CreateLogger(string categoryName) => new LineLogger(this, categoryName);

    public void Dispose()
    {
        // Standard output is the process's.
    }

    private sealed class LineLogger(LineLogging owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        // The web server's own information is about its start; requests are the audit's business.
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
                var detail = exception is null ? "" : $"\n{exception}";
                Console.Out.WriteLine(
                    $"{DateTime.UtcNow:yyyy-MM-ddTHH:mm:ss.fffZ} {logLevel} {category}[{eventId.Id}] {formatter(state, exception)}{detail}"
                );
            }
        }
    }
}
