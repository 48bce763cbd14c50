using Petrel.Model;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Kinds;

/// <summary>
/// One subresource, for example <c>scale</c>, and the kinds that have it. Discovery, OpenAPI and routing read only this row; a verb that
/// is not listed is answered 405, and a kind without the subresource 404.
/// </summary>
/// <param name="Name">The name in paths.</param>
/// <param name="Verbs">The verbs that it answers, as discovery lists them.</param>
public sealed record SubresourceDefinition(string Name, IReadOnlyList<string> Verbs)
{
    /// <summary>Whether a kind has it.</summary>
    public required Func<KindDefinition, bool> BelongsTo { get; init; }

    /// <summary>The kind of its documents; null for that of the object itself.</summary>
    public GroupVersionKind? Kind { get; init; }

    /// <summary>The structure of its kind, where that is not one of upstream's.</summary>
    public SchemaType? Schema { get; init; }

    /// <summary>Whether it answers with plain text.</summary>
    public bool IsText { get; init; }

    /// <summary>Whether a request lasts as long as its client wants (upstream: long-running requests).</summary>
    public bool IsLongRunning { get; init; }

    /// <summary>The kind of its documents below an object of <paramref name="parent"/>.</summary>
    public GroupVersionKind KindBelow(KindDefinition parent) => Kind ?? parent.Gvk;
}
