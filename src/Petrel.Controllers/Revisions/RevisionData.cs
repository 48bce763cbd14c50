using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Controllers.Revisions;

/// <summary>
/// The data of a ControllerRevision: the pod template as a strategic merge patch that restores it, which <c>kubectl rollout undo</c> sends.
/// Templates with the same meaning have the same data.
/// </summary>
public sealed class RevisionData : IEquatable<RevisionData>
{
    private const string Directive = "$patch";

    // Upstream's SafeEncodeString: no vowels, so that no words appear.
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    // Revisions are read at each sync, and their data never changes.
    private static readonly ConditionalWeakTable<V1ControllerRevision, StrongBox<RevisionData?>> Known = [];

    private readonly string _patch;

    private RevisionData(V1PodTemplateSpec template)
    {
        Template = template;
        var content = Encoding.UTF8.GetString(PodTemplates.Canonical(template, withHashLabel: true))[1..];
        _patch = $"{{\"spec\":{{\"template\":{{\"{Directive}\":\"replace\"{(content.Length > 1 ? "," : "")}{content}}}}}";
    }

    /// <summary>The template. It is shared: treat it as immutable.</summary>
    public V1PodTemplateSpec Template { get; }

    public static RevisionData Of(V1PodTemplateSpec template) => new(template);

    /// <summary>The data of a revision; null when it is not a template.</summary>
    public static RevisionData? From(V1ControllerRevision revision) => Known.GetValue(revision, static r => new(Read(r))).Value;

    /// <summary>The patch as the revision's <c>data</c>.</summary>
    public object ToData() => KubernetesJson.Deserialize<JsonElement>(_patch);

    /// <summary>
    /// The hash in the revision's name: FNV-1 with 32 bits over the patch, as upstream for StatefulSets. A higher <paramref
    /// name="collisionCount"/> gives another hash when a name is taken.
    /// </summary>
    public string Hash(int? collisionCount)
    {
        var hash = 2166136261;
        foreach (var value in Encoding.UTF8.GetBytes(_patch + collisionCount?.ToString(CultureInfo.InvariantCulture)))
        {
            hash = unchecked((hash * 16777619) ^ value);
        }
        return string.Concat(hash.ToString(CultureInfo.InvariantCulture).Select(digit => Alphabet[digit % Alphabet.Length]));
    }

    /// <inheritdoc/>
    public bool Equals(RevisionData? other) => other is not null && _patch == other._patch;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as RevisionData);

    /// <inheritdoc/>
    public override int GetHashCode() => _patch.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => _patch;

    private static RevisionData? Read(V1ControllerRevision revision)
    {
        try
        {
            var data = JsonNode.Parse(KubernetesJson.Serialize(revision.Data)) as JsonObject;
            if (data?["spec"]?["template"] is not JsonObject template)
            {
                return null;
            }
            template.Remove(Directive);
            return new(KubernetesJson.Deserialize<V1PodTemplateSpec>(template.ToJsonString()));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
