using System.Text.Json;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Selectors;
using Petrel.Simulation.Network.Watches;

namespace Petrel.Simulation.Invariants;

/// <summary>
/// What of a kind's changes a watch is about, and as what it sees them: objects that begin or cease to match come and go.
/// </summary>
internal sealed class WatchSelection(string namespaceName, LabelSelector labels, FieldSelector fields, KindDefinition? kind)
{
    public static WatchSelection Of(ObservedWatch watch) =>
        new(
            watch.Namespace,
            LabelSelector.Parse(watch.LabelSelector),
            FieldSelector.Parse(watch.FieldSelector),
            BuiltInKinds.Registry.Find(watch.Group, watch.Version, watch.Resource)
        );

    /// <summary>Null when it does not see the change.</summary>
    public ObservedEventType? TypeOf(KindChange change) =>
        (Sees(change.Before), Sees(change.After)) switch
        {
            (false, true) => ObservedEventType.Added,
            (true, true) => ObservedEventType.Modified,
            (true, false) => ObservedEventType.Deleted,
            _ => null,
        };

    private bool Sees(KindDocument? document) =>
        document is not null
        && (namespaceName.Length == 0 || document.Path.StartsWith($"{namespaceName}/", StringComparison.Ordinal))
        && (labels.IsEverything || labels.Matches(document.Labels))
        && (fields.IsEverything || fields.Matches(name => Field(document, name)));

    private string Field(KindDocument document, string name)
    {
        var slash = document.Path.IndexOf('/', StringComparison.Ordinal);
        return name switch
        {
            "metadata.name" => document.Path[(slash + 1)..],
            "metadata.namespace" => slash < 0 ? "" : document.Path[..slash],
            _ => kind is not null && kind.SelectableFields.TryGetValue(name, out var read) ? read(document.Root) : "",
        };
    }
}
