using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Admission.Defaults;

/// <summary>
/// Finds the default class: the newest class with the default annotation, and the first by name among those of one age.
/// </summary>
internal static class DefaultClass
{
    public static string? NameOf(IEnumerable<JsonObject> classes, params IReadOnlyList<string> marks) =>
        classes
            .Where(c => marks.Any(mark => c.Metadata().Child("annotations").Text(mark) == "true"))
            .OrderByDescending(c => c.Metadata().Text("creationTimestamp"), StringComparer.Ordinal)
            .ThenBy(c => c.Metadata().Text("name"), StringComparer.Ordinal)
            .FirstOrDefault()
            ?.Metadata()
            .Text("name");

    /// <summary>As above, among all classes that are stored.</summary>
    public static async ValueTask<string?> FindAsync(
        IRevisionedStore store,
        KindDefinition kind,
        IReadOnlyList<string> marks,
        CancellationToken cancellationToken
    )
    {
        var entries = await AdmissionReads.ListAsync(store, kind, "", cancellationToken);
        return NameOf(entries.Select(e => DeepJson.Node(e.Value.Span)!.AsObject()), marks);
    }
}
