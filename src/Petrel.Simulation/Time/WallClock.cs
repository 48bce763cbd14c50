namespace Petrel.Simulation.Time;

/// <summary>The error of a machine's wall clock, which all processes on the machine see, also those that start later.</summary>
public sealed class WallClock(TimeProvider clock)
{
    private readonly List<Fault> _faults = [];

    /// <summary>How far it is ahead of the true time.</summary>
    public TimeSpan Skew
    {
        get
        {
            var skew = TimeSpan.Zero;
            foreach (var fault in _faults)
            {
                skew += fault.Offset + (clock.GetElapsedTime(fault.Since) * fault.Drift);
            }
            return skew;
        }
    }

    /// <summary>
    /// The clock jumps by <paramref name="offset"/>, and from now on gains <paramref name="drift"/> seconds in a second; the end of the
    /// effect sets both right, in another jump.
    /// </summary>
    public Effect Begin(TimeSpan offset, double drift)
    {
        var fault = new Fault(offset, drift, clock.GetTimestamp());
        _faults.Add(fault);
        return new Effect(() => _faults.Remove(fault));
    }

    /// <summary>The clock is set right.</summary>
    public void Repair() => _faults.Clear();

    // A class, because two faults may be equal.
    private sealed class Fault(TimeSpan offset, double drift, long since)
    {
        public TimeSpan Offset { get; } = offset;
        public double Drift { get; } = drift;
        public long Since { get; } = since;
    }
}
