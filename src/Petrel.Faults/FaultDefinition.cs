using Petrel.Faults.Capabilities;

namespace Petrel.Faults;

/// <summary>
/// A kind of fault: how often it is drawn, how one is drawn, what it does to a cluster, and how it is described. To add one, write its file
/// in Definitions and its row in <c>BuiltInFaults</c>.
/// </summary>
public abstract record FaultDefinition
{
    /// <summary>In kebab case: plans name their faults by it, and its random streams follow from it.</summary>
    public required string Name { get; init; }

    /// <summary>How often it is drawn, relative to the other definitions; 0 is never.</summary>
    public required int Weight { get; init; }

    /// <summary>Whether it strikes a node: it is not drawn for a cluster without nodes.</summary>
    public bool NeedsNode { get; init; }

    /// <summary>Names that it has in older plan files.</summary>
    public IReadOnlyList<string> FormerNames { get; init; } = [];

    /// <summary>The record of its parameters.</summary>
    public abstract Type ParametersType { get; }

    /// <summary>The capability that a cluster must offer, as an interface.</summary>
    public abstract Type Capability { get; }

    /// <summary>Draws a fault of this kind that begins at a time.</summary>
    public abstract PlannedFault DrawAt(TimeSpan at, FaultDraw draw);

    /// <summary>Injects a fault whose time has come; returns when it is over.</summary>
    /// <exception cref="NotSupportedException">The cluster does not offer the capability.</exception>
    public abstract Task StrikeAsync(ICanHeal cluster, PlannedFault fault, FaultClock clock, CancellationToken cancellationToken);

    /// <summary>The fault in words, for histories and timelines.</summary>
    public abstract string DescribeFault(PlannedFault fault);

    /// <summary>Variants of the fault with fewer things wrong, for the shrinking of plans.</summary>
    public abstract IEnumerable<PlannedFault> SimplifyFault(PlannedFault fault);
}

/// <summary>A kind of fault of one capability, with one record of parameters.</summary>
/// <typeparam name="TCluster">What a cluster must be able to suffer.</typeparam>
/// <typeparam name="TParameters">What a fault of this kind needs to know beyond time and target.</typeparam>
public sealed record FaultDefinition<TCluster, TParameters> : FaultDefinition
    where TCluster : class
    where TParameters : FaultParameters
{
    /// <summary>Draws parameters, target and duration.</summary>
    public required Func<FaultDraw, DrawnFault<TParameters>> Draw { get; init; }

    /// <summary>Breaks the cluster, waits until the fault is over, and ends what it began.</summary>
    public required Func<TCluster, FaultStrike<TParameters>, CancellationToken, Task> Strike { get; init; }

    /// <summary>Says what is wrong, given the target's name (<c>everybody</c> for all) and the parameters.</summary>
    public required Func<string, TParameters, string> Describe { get; init; }

    /// <summary>Weaker parameters; none for most.</summary>
    public Func<TParameters, IEnumerable<TParameters>> Simplify { get; init; } = static _ => [];

    /// <inheritdoc/>
    public override Type ParametersType => typeof(TParameters);

    /// <inheritdoc/>
    public override Type Capability => typeof(TCluster);

    /// <inheritdoc/>
    public override PlannedFault DrawAt(TimeSpan at, FaultDraw draw)
    {
        var drawn = Draw(draw);
        return new()
        {
            At = at,
            Kind = Name,
            Target = drawn.Target,
            Duration = drawn.Duration,
            Parameters = drawn.Parameters,
        };
    }

    /// <inheritdoc/>
    public override Task StrikeAsync(ICanHeal cluster, PlannedFault fault, FaultClock clock, CancellationToken cancellationToken) =>
        cluster is TCluster target
            ? Strike(target, new(fault, ParametersOf(fault), clock), cancellationToken)
            : throw new NotSupportedException($"The fault {Name} needs a cluster that offers {typeof(TCluster).Name}.");

    /// <inheritdoc/>
    public override string DescribeFault(PlannedFault fault)
    {
        var what = Describe(fault.Target.Length == 0 ? "everybody" : fault.Target, ParametersOf(fault));
        return fault.Duration > TimeSpan.Zero ? $"{what} (for {FaultText.Seconds(fault.Duration)})" : what;
    }

    /// <inheritdoc/>
    public override IEnumerable<PlannedFault> SimplifyFault(PlannedFault fault) =>
        Simplify(ParametersOf(fault)).Select(simpler => fault with { Parameters = simpler });

    private TParameters ParametersOf(PlannedFault fault) =>
        fault.Parameters as TParameters
        ?? throw new ArgumentException($"A fault {Name} has {fault.Parameters.GetType().Name}, and needs {typeof(TParameters).Name}.");
}

/// <summary>What a definition draws of a fault. Its time is drawn for it.</summary>
public readonly record struct DrawnFault<TParameters>(TParameters Parameters, string Target = "", TimeSpan Duration = default)
    where TParameters : FaultParameters;
