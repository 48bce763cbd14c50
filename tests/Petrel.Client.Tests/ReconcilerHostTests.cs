using k8s.Models;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.Model;
using Petrel.Simulation.Execution;

namespace Petrel.Client.Tests;

public sealed class ReconcilerHostTests : IDisposable
{
    private readonly Simulator _simulator = new(3);
    private readonly SimulatedProcess _process;
    private readonly WorkQueue<ObjectKey> _queue;

    public ReconcilerHostTests()
    {
        _process = _simulator.CreateProcess("host");
        _queue = new(_process.Time, TimeSpan.FromMilliseconds(10));
    }

    public void Dispose()
    {
        _queue.Dispose();
        _simulator.Dispose();
    }

    public static TheoryData<Exception> Failures =>
        new()
        {
            new InvalidOperationException("broken"),
            new IOException("unknown outcome"),
            new ApiException(409, new V1Status { Reason = "Conflict" }),
            new ApiException(404, new V1Status { Reason = "NotFound" }),
            new OperationCanceledException("a request that timed out"),
        };

    [Theory]
    [MemberData(nameof(Failures), DisableDiscoveryEnumeration = true)]
    public void A_key_that_fails_comes_back_with_growing_delay(Exception failure)
    {
        var attempts = new List<double>();
        Start(key =>
        {
            attempts.Add(Now);
            return attempts.Count <= 3 ? throw failure : ValueTask.FromResult<TimeSpan?>(null);
        });
        _queue.Add(Key("a"));
        Run(10);
        Assert.Equal([0, 10, 30, 70], attempts);
    }

    [Theory]
    [InlineData(403, false)]
    [InlineData(422, false)]
    [InlineData(500, true)]
    public void What_the_API_refuses_is_logged_without_a_stack_trace(int code, bool hasTrace)
    {
        var log = new RecordingLogger();
        Start(_ => throw new ApiException(code, new V1Status { Reason = "Forbidden", Message = "exceeded quota" }), logger: log);
        _queue.Add(Key("a"));
        Run(0.005);

        var (message, exception) = Assert.Single(log.Entries);
        Assert.Equal(hasTrace, exception is not null);
        Assert.Contains("a", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Success_ends_the_history_of_failures()
    {
        var attempts = new List<double>();
        Start(key =>
        {
            attempts.Add(Now);
            return attempts.Count is 1 or 2 or 4 ? throw new IOException("down") : ValueTask.FromResult<TimeSpan?>(null);
        });
        _queue.Add(Key("a"));
        Run(1);
        _queue.Add(Key("a"));
        Run(1);
        Assert.Equal([0, 10, 30, 1000, 1010], attempts);
    }

    [Fact]
    public void A_reconciler_says_when_it_wants_to_be_called_again()
    {
        var attempts = new List<double>();
        Start(key =>
        {
            attempts.Add(Now);
            return ValueTask.FromResult<TimeSpan?>(attempts.Count < 3 ? TimeSpan.FromSeconds(2) : null);
        });
        _queue.Add(Key("a"));
        Run(60);
        Assert.Equal([0, 2000, 4000], attempts);
    }

    [Fact]
    public void Several_workers_work_on_several_keys_but_never_two_on_one()
    {
        var busy = new HashSet<ObjectKey>();
        var most = 0;
        var done = new Dictionary<ObjectKey, int>();
        Start(
            async key =>
            {
                Assert.True(busy.Add(key), $"{key} is on two workers");
                most = Math.Max(most, busy.Count);
                await Task.Delay(TimeSpan.FromMilliseconds(20), _process.Time, TestContext.Current.CancellationToken);
                busy.Remove(key);
                done[key] = done.GetValueOrDefault(key) + 1;
                return null;
            },
            workers: 3
        );
        for (var i = 0; i < 50; i++)
        {
            _queue.Add(Key($"{i % 5}"));
            Run(0.005);
        }
        var before = done.Values.Sum();
        for (var i = 0; i < 5; i++)
        {
            _queue.Add(Key($"{i}"));
        }
        Run(1);
        Assert.Equal(3, most);
        Assert.Equal(5, done.Count);
        Assert.InRange(done.Values.Sum(), before + 5, 55);
    }

    [Fact]
    public void Stopping_ends_every_worker_at_whatever_it_is()
    {
        var host = Start(
            async key =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, _process.Time, _stopping);
                return null;
            },
            workers: 2
        );
        _queue.Add(Key("a"));
        Run(1);
        Assert.False(host.HasEnded);
        host.Stop();
        Run(1);
        Assert.True(host.HasEnded);
    }

    private CancellationToken _stopping;

    private double Now => _simulator.Clock.Elapsed.TotalMilliseconds;

    private SimulatedComponent Start(Func<ObjectKey, ValueTask<TimeSpan?>> work, int workers = 1, ILogger? logger = null) =>
        _simulator.Spawn(_process, "host", stop =>
        {
            _stopping = stop;
            return new ReconcilerHost(new Scripted(work), _queue, logger ?? NullLogger.Instance, workers).RunAsync(stop);
        });

    private void Run(double seconds)
    {
        _simulator.Run(TimeSpan.FromSeconds(seconds));
        Assert.Empty(_simulator.Findings);
    }

    private static ObjectKey Key(string name) => new("default", name);

    private sealed class Scripted(Func<ObjectKey, ValueTask<TimeSpan?>> work) : IReconciler
    {
        public string Name => "scripted";

        public ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken) => work(key);
    }

    private sealed class RecordingLogger : ILogger
    {
        public List<(string Message, Exception? Exception)> Entries { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Entries.Add((formatter(state, exception), exception));
    }
}
