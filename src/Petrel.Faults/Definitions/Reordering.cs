namespace Petrel.Faults.Definitions;

/// <summary>Requests are delayed, and later requests overtake them. The chunks of a watch stay in order.</summary>
public static class Reordering
{
    private const double Worst = 0.3;

    public static FaultDefinition Definition { get; } =
        LinkImpairment.Define("reordering", weight: 2, static draw =>
            new(new() { Link = new() { Reordering = draw.UpTo(Worst) } }, Duration: draw.Outage())
        );
}
