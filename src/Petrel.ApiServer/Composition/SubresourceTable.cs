using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Subresources;
using Petrel.ApiServer.Verbs;

namespace Petrel.ApiServer.Composition;

/// <summary>
/// All subresources: the row that discovery and routing read, and the handler that answers. Adding one costs its file, with definition
/// and handler, and its row here; custom resources use the same rows.
/// </summary>
internal static class SubresourceTable
{
    private sealed record Row(SubresourceDefinition Definition, Func<ServerComponents, IResourceHandler> Handler);

    private static readonly Row[] Rows =
    [
        new(StatusSubresource.Definition, static c => new ObjectPart(UpdateScope.Status, c.Get, c.Update, c.Patch)),
        new(ApprovalSubresource.Definition, static c => new ObjectPart(ApprovalSubresource.Scope, c.Get, c.Update, c.Patch)),
        new(ScaleSubresource.Definition, static c => new ScaleSubresource(
            c.Parameters.Kinds,
            c.Parameters.Caches,
            c.Parameters.Time,
            c.Revisions,
            c.Updates
        )),
        new(BindingSubresource.Definition, CreateBinding),
        new(EvictionSubresource.Definition, static c => new EvictionSubresource(
            c.Parameters.Store,
            c.Parameters.Kinds,
            c.Parameters.Time,
            c.Deletions
        )),
        new(FinalizeSubresource.Definition, static c => new FinalizeSubresource(c.Parameters.Time, c.Updates)),
        new(LogSubresource.Definition, static c => new LogSubresource(
            c.Parameters.Kinds,
            c.Parameters.Caches,
            c.Parameters.Nodes,
            c.Revisions
        )),
        new(SchedulingDecisionSubresource.Definition, static c => new SchedulingDecisionSubresource(
            c.Parameters.Caches,
            c.Revisions,
            c.Parameters.Decisions
        )),
        new(TokenSubresource.Definition, static c => new TokenSubresource(
            c.Parameters.Options,
            c.Parameters.Time,
            c.AccountTokens,
            c.TokenObjects,
            c.Admission
        )),
    ];

    /// <summary>The rows, for the registry.</summary>
    public static IEnumerable<SubresourceDefinition> Definitions => Rows.Select(r => r.Definition);

    /// <summary>The handler of each row.</summary>
    public static IReadOnlyDictionary<SubresourceDefinition, IResourceHandler> Create(ServerComponents components) =>
        Rows.ToDictionary(
            r => r.Definition,
            r => r.Handler(components),
            (IEqualityComparer<SubresourceDefinition>)ReferenceEqualityComparer.Instance
        );

    public static BindingSubresource CreateBinding(ServerComponents components) =>
        new(components.Parameters.Time, components.Updates, components.Admission);
}
