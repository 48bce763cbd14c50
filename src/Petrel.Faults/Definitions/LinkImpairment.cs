using Petrel.Faults.Capabilities;
using Petrel.Faults.Links;

namespace Petrel.Faults.Definitions;

/// <summary>The parameters of faults that make links worse, and what those faults have in common.</summary>
public sealed record LinkImpairment : FaultParameters
{
    /// <summary>How messages travel while the fault lasts.</summary>
    public LinkConditions Link { get; init; } = LinkConditions.Good;

    /// <summary>A definition of such a fault.</summary>
    internal static FaultDefinition<ICanImpairLink, LinkImpairment> Define(
        string name,
        int weight,
        Func<FaultDraw, DrawnFault<LinkImpairment>> draw
    ) =>
        new()
        {
            Name = name,
            Weight = weight,
            Draw = draw,
            Strike = static (cluster, fault, stop) =>
                fault.DuringAsync(cluster.ImpairLinkAsync(fault.Target, fault.Parameters.Link, stop), stop),
            Describe = static (who, parameters) => $"the network of {who}: {parameters.Link}",
            Simplify = static parameters =>
                Simpler(parameters.Link).Where(l => l != parameters.Link).Select(l => new LinkImpairment { Link = l }),
        };

    // Each without one of the things that are wrong.
    private static IEnumerable<LinkConditions> Simpler(LinkConditions link) =>
        [
            link with
            {
                MinDelay = LinkConditions.Good.MinDelay,
                MaxDelay = LinkConditions.Good.MaxDelay,
            },
            link with
            {
                RequestLoss = 0,
            },
            link with
            {
                AnswerLoss = 0,
            },
            link with
            {
                StreamCut = 0,
            },
            link with
            {
                Duplication = 0,
            },
            link with
            {
                Reordering = 0,
            },
        ];
}
