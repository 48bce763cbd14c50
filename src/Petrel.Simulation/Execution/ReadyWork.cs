using Petrel.Model.Determinism;

namespace Petrel.Simulation.Execution;

/// <summary>A piece of work that is ready to run in a process.</summary>
internal readonly record struct WorkItem(SimulatedProcess Process, SendOrPostCallback Callback, object? State);

/// <summary>Work that is ready, taken in the order that <paramref name="choices"/> draws, or first in, first out without one.</summary>
internal sealed class ReadyWork(IEntropy? choices)
{
    private readonly List<WorkItem> _shuffled = [];
    private readonly Queue<WorkItem> _ordered = [];

    /// <summary>Another random stream draws the order from now on.</summary>
    public void Shuffle(IEntropy source)
    {
        if (choices is not null)
        {
            choices = source;
        }
    }

    public void Add(in WorkItem item)
    {
        if (choices is null)
        {
            _ordered.Enqueue(item);
        }
        else
        {
            _shuffled.Add(item);
        }
    }

    public bool TryTake(out WorkItem item)
    {
        if (choices is null)
        {
            return _ordered.TryDequeue(out item);
        }
        if (_shuffled.Count == 0)
        {
            item = default;
            return false;
        }
        var last = _shuffled.Count - 1;
        var chosen = last == 0 ? 0 : choices.Next(_shuffled.Count);
        item = _shuffled[chosen];
        _shuffled[chosen] = _shuffled[last];
        _shuffled.RemoveAt(last);
        return true;
    }
}
