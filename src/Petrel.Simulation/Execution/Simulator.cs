using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Simulation.Time;

namespace Petrel.Simulation.Execution;

/// <summary>
/// Runs processes on one thread, in virtual time, from one seed: work that is ready runs one piece at a time, and when none is
/// left the clock moves to the next timer. The same seed and the same program give the same history.
/// A continuation that arrives from another thread (something left the ambient scheduler) fails the run: it could not be repeated.
/// </summary>
public sealed class Simulator : IDisposable
{
    private readonly SimulatorSettings _settings;
    private readonly ReadyWork _ready;
    private readonly SortedDictionary<string, int> _incarnations = new(StringComparer.Ordinal);
    private readonly List<Finding> _findings = [];
    private int _owner = Environment.CurrentManagedThreadId;
    private bool _running;
    private string? _foreign;

    public Simulator(SimulatorSettings settings)
    {
        _settings = settings;
        Entropy = new(settings.Seed);
        _ready = new(settings.Interleaving == Interleaving.Shuffled ? Entropy.Fork() : null);
        History = new(Clock, settings.LastLines, settings.Trace);
    }

    public Simulator(ulong seed)
        : this(new SimulatorSettings { Seed = seed }) { }

    public ulong Seed => _settings.Seed;

    /// <summary>The true time. Processes use their own <see cref="SimulatedProcess.Time"/>.</summary>
    public VirtualTimeProvider Clock { get; } = new();

    /// <summary>
    /// The run's randomness. What a component draws should come from <see cref="EntropyFor"/>, so that it does not depend on what others
    /// do.
    /// </summary>
    public SeededEntropy Entropy { get; }

    /// <summary>The run's randomness for a purpose, such as one incarnation of a process.</summary>
    public SeededEntropy EntropyFor(string purpose) => EntropyPurposes.Of(_settings.Seed, purpose);

    public RunHistory History { get; }

    /// <summary>Violations and failures, in the order in which they were found.</summary>
    public IReadOnlyList<Finding> Findings => _findings;

    /// <summary>Pieces of work that ran.</summary>
    public long Steps { get; private set; }

    /// <summary>Called after every step, for invariants; it must not schedule anything.</summary>
    public Action? AfterStep { get; set; }

    /// <summary>Called each time that all work is done, before the clock moves: cheaper than every step.</summary>
    public Action? AfterInstant { get; set; }

    /// <summary>Creates a process. Earlier processes of the same name are its former incarnations.</summary>
    public SimulatedProcess CreateProcess(string name)
    {
        var incarnation = _incarnations[name] = _incarnations.GetValueOrDefault(name) + 1;
        return new(this, name, incarnation);
    }

    /// <summary>Starts a component in a process. Its failure is a finding.</summary>
    public SimulatedComponent Spawn(SimulatedProcess process, string name, Func<CancellationToken, Task> body)
    {
        Adopt();
        var component = new SimulatedComponent(this, process, name);
        if (process.IsAlive)
        {
            // The component reports its own failure.
            process.Enqueue(_ => _ = component.RunAsync(body), null);
        }
        return component;
    }

    /// <summary>Runs for a time, or less when a finding ends the run.</summary>
    public void Run(TimeSpan duration) => RunUntil(static () => false, duration);

    /// <summary>
    /// Runs until the condition holds (asked whenever all work of an instant is done); false when the time was over first.
    /// </summary>
    public bool RunUntil(Func<bool> condition, TimeSpan limit)
    {
        Enter();
        try
        {
            var end = Clock.Elapsed + limit;
            while (true)
            {
                // Each instant has a random stream of its own: an additional step now does not change the order of later instants.
                _ready.Shuffle(EntropyPurposes.Of(_settings.Seed, (ulong)Clock.Elapsed.Ticks));
                Drain();
                AfterInstant?.Invoke();
                ThrowIfForeign();
                if (condition())
                {
                    return true;
                }
                if (Clock.NextDue is not { } next || next > end)
                {
                    Clock.MoveTo(end);
                    return false;
                }
                // All timers of an instant become ready together: their order is drawn, too.
                while (Clock.FireNext(next)) { }
            }
        }
        finally
        {
            _running = false;
        }
    }

    /// <summary>Records a violation.</summary>
    public void Report(string where, string what, Exception? exception = null)
    {
        _findings.Add(new(Clock.Elapsed, where, what, exception));
        History.Append(where, Finding.Mark + what);
    }

    /// <inheritdoc/>
    public void Dispose() => History.Dispose();

    internal bool IsForeignThread => Environment.CurrentManagedThreadId != _owner;

    internal void Enqueue(in WorkItem item) => _ready.Add(item);

    // Called on the foreign thread: the run that is under way, or the next one, fails.
    internal void ReportForeignThread(SimulatedProcess process) =>
        Interlocked.CompareExchange(
            ref _foreign,
            $"Work of {process} came from a foreign thread, so this run can't be repeated: something left the ambient scheduler "
                + $"(Task.WhenAny or WaitAsync on a completion source, a library's ConfigureAwait(false), a real timer). It came "
                + $"from:\n{Environment.StackTrace}",
            null
        );

    private void Drain()
    {
        var steps = 0;
        var previous = SynchronizationContext.Current;
        try
        {
            while (_ready.TryTake(out var item))
            {
                if (!item.Process.BeginStep())
                {
                    continue;
                }
                Invariant.Check(item.Process.IsAlive, $"a step of {item.Process}, which is dead");
                SynchronizationContext.SetSynchronizationContext(item.Process);
                Execute(item);
                Steps++;
                if (++steps > _settings.MaxStepsPerInstant)
                {
                    throw new SimulationException(
                        $"{Clock.Elapsed:c} {item.Process}: {steps} steps and time stands still: an endless loop without a delay."
                    );
                }
                AfterStep?.Invoke();
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(previous);
        }
    }

    private void Execute(in WorkItem item)
    {
        try
        {
            item.Callback(item.State);
        }
        catch (Exception e) when (e is not SimulationException)
        {
            // A timer's callback or an async void method threw, which ends a live program.
            Report(item.Process.ToString(), $"unhandled {e.GetType().Name}: {e.Message}", e);
        }
    }

    private void Enter()
    {
        if (_running)
        {
            throw new InvalidOperationException("The simulator is running already: processes can't run it.");
        }
        Adopt();
        _running = true;
    }

    // Between runs, the thread that uses the simulator owns it.
    private void Adopt()
    {
        if (!_running)
        {
            _owner = Environment.CurrentManagedThreadId;
        }
    }

    private void ThrowIfForeign()
    {
        if (Volatile.Read(ref _foreign) is { } problem)
        {
            throw new SimulationException(problem);
        }
    }
}
