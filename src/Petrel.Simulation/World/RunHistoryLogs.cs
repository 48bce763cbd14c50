using Microsoft.Extensions.Logging;
using Petrel.Simulation.Execution;

namespace Petrel.Simulation.World;

/// <summary>Log lines of one process, as lines of the history.</summary>
public sealed class RunHistoryLogs(RunHistory history, SimulatedProcess process, LogLevel level) : ILoggerFactory
{
    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new RunHistoryLogger(history, $"{process} {categoryName}", level);

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("Logs of a simulation go to its history.");

    /// <inheritdoc/>
    public void Dispose() { }

    private sealed class RunHistoryLogger(RunHistory history, string who, LogLevel level) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= level;

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
                // No stack trace: it names lines and files, and would make two builds' histories differ.
                var cause = exception is null ? "" : $": {exception.GetType().Name}: {exception.Message}";
                history.Append(who, $"{logLevel}: {formatter(state, exception)}{cause}");
            }
        }
    }
}
