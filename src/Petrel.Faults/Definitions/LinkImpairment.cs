using Petrel.Faults.Capabilities;
using Petrel.Faults.Links;

namespace Petrel.Faults.Definitions;

/// <summary>The parameters of faults that impair links, and the common code of these faults.</summary>
public sealed record LinkImpairment : FaultParameters
{
    /// <summary>The link conditions while the fault lasts.</summary>
    public LinkConditions Link { get; init; } = LinkConditions.Good;

    /// <summary>Creates a definition of such a fault.</summary>
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

    // Each variant leaves out one of the impairments.
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
