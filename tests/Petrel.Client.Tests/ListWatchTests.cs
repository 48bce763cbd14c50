using System.Runtime.CompilerServices;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.Model.Determinism;

namespace Petrel.Client.Tests;

public sealed class ListWatchTests : IAsyncDisposable
{
    private readonly ClientWorld _world = new();
    private readonly Source _source;

    public ListWatchTests() => _source = new(_world.Time);

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public void It_lists_once_and_watches_from_the_newest_revision_that_it_has_seen()
    {
        _source.Watches.Enqueue([12, 11]);
        _source.Watches.Enqueue([]);
        _source.Watches.Enqueue([15]);
        Run(10);
        Assert.Equal(["list", "watch 10", "watch 12", "watch 12", "watch 15"], _source.Calls);
    }

    [Fact]
    public void A_revision_that_is_gone_is_listed_again()
    {
        _source.Watches.Enqueue([12]);
        _source.Failures[2] = new ApiException(410, new V1Status());
        Run(10);
        Assert.Equal(["list", "watch 10", "watch 12", "list", "watch 12"], _source.Calls);
    }

    [Fact]
    public void A_list_that_fails_is_tried_again_and_nothing_is_watched_before_it()
    {
        _source.Failures[0] = new IOException("refused");
        _source.Failures[1] = new ApiException(403, new V1Status());
        _source.Failures[2] = new OperationCanceledException("timed out");
        Run(10);
        Assert.Equal(["list", "list", "list", "list", "watch 10"], _source.Calls);
    }

    [Fact]
    public void Delays_double_up_to_the_longest_with_jitter_and_start_anew_once_the_server_answers()
    {
        for (var call = 0; call < 6; call++)
        {
            _source.Failures[call] = new IOException("refused");
        }
        _source.Failures[7] = new IOException("reset");
        Run(60);
        double[] longest = [0.5, 1, 2, 4, 4, 4];
        for (var i = 0; i < longest.Length; i++)
        {
            Assert.InRange(_source.Delay(i), longest[i] / 2, longest[i]);
        }
        // Drawn, not fixed.
        Assert.Equal(3, Enumerable.Range(3, 3).Select(_source.Delay).Distinct().Count());
        Assert.Equal(["list", "watch 10"], _source.Calls[6..8]);
        Assert.InRange(_source.Delay(7), 0.25, 0.5);
    }

    [Fact]
    public void The_same_seed_gives_the_same_delays()
    {
        for (var call = 0; call < 4; call++)
        {
            _source.Failures[call] = new IOException("refused");
        }
        Run(20);
        var other = new Source(_world.Time);
        foreach (var (call, failure) in _source.Failures)
        {
            other.Failures[call] = failure;
        }
        Start(other);
        _world.Run(20);
        Assert.Equal(
            Enumerable.Range(0, 4).Select(i => Math.Round(_source.Delay(i), 6)),
            Enumerable.Range(0, 4).Select(i => Math.Round(other.Delay(i), 6))
        );
    }

    [Fact]
    public void It_ends_when_it_is_stopped_in_a_watch_or_between_attempts()
    {
        var watching = Start(_source);
        _world.Run(1);
        Assert.Equal(["list", "watch 10"], _source.Calls);
        watching.Stop();
        _world.Run(1);
        Assert.True(watching.HasEnded);

        var failing = new Source(_world.Time) { Failures = { [0] = new IOException("refused") } };
        var waiting = Start(failing);
        _world.Run(0.1);
        waiting.Stop();
        _world.Run(1);
        Assert.True(waiting.HasEnded);
        Assert.Equal(["list"], failing.Calls);
    }

    [Fact]
    public async Task A_defect_ends_it()
    {
        var source = new Source(TimeProvider.System) { Failures = { [0] = new InvalidOperationException("a defect") } };
        var loop = new ListWatch(source, TimeProvider.System, new SeededEntropy(1), NullLogger.Instance);
        await Assert.ThrowsAsync<InvalidOperationException>(() => loop.RunAsync(TestContext.Current.CancellationToken));
    }

    private void Run(double seconds)
    {
        Start(_source);
        _world.Run(seconds);
    }

    private Simulation.Execution.SimulatedComponent Start(Source source) =>
        _world.Start(new ListWatch(source, _world.Time, new SeededEntropy(5), NullLogger.Instance, TimeSpan.FromSeconds(4)).RunAsync);

    /// <summary>Lists at revision 10; a watch gives what is queued and ends, or waits when nothing is.</summary>
    private sealed class Source(TimeProvider time) : IListWatchSource
    {
        private readonly List<DateTimeOffset> _times = [];

        public string Name => "things";

        public List<string> Calls { get; } = [];

        public Queue<ulong[]> Watches { get; } = new();

        /// <summary>What calls fail with, by their number.</summary>
        public Dictionary<int, Exception> Failures { get; } = [];

        public double Delay(int call) => (_times[call + 1] - _times[call]).TotalSeconds;

        public ValueTask<ulong> ListAsync(CancellationToken cancellationToken)
        {
            Note("list");
            return ValueTask.FromResult(10UL);
        }

        public async IAsyncEnumerable<ulong> WatchAsync(ulong revision, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            Note($"watch {revision}");
            if (!Watches.TryDequeue(out var revisions))
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
            }
            foreach (var next in revisions!)
            {
                yield return next;
            }
        }

        private void Note(string call)
        {
            var number = Calls.Count;
            Calls.Add(call);
            _times.Add(time.GetUtcNow());
            if (Failures.TryGetValue(number, out var failure))
            {
                throw failure;
            }
        }
    }
}
