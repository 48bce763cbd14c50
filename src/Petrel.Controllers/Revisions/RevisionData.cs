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
/// What a ControllerRevision remembers: the template of pods, as the strategic merge patch that puts it back (which is what <c>kubectl
/// rollout undo</c>
/// sends). Templates that mean the same have the same data.
/// </summary>
public sealed class RevisionData : IEquatable<RevisionData>
{
    private const string Directive = "$patch";

    // As in generated names: no vowels, so that no words come about.
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    // A cached revision is looked at with each change of its owner's pods, and its data never changes.
    private static readonly ConditionalWeakTable<V1ControllerRevision, StrongBox<RevisionData?>> Known = [];

    private readonly string _patch;

    private RevisionData(V1PodTemplateSpec template)
    {
        Template = template;
        var content = Encoding.UTF8.GetString(PodTemplates.Canonical(template, withHashLabel: true))[1..];
        _patch = $"{{\"spec\":{{\"template\":{{\"{Directive}\":\"replace\"{(content.Length > 1 ? "," : "")}{content}}}}}";
    }

    /// <summary>The template that is put back. It is shared: treat it as immutable.</summary>
    public V1PodTemplateSpec Template { get; }

    public static RevisionData Of(V1PodTemplateSpec template) => new(template);

    /// <summary>The data of a revision; null when it has none that could be of a template.</summary>
    public static RevisionData? From(V1ControllerRevision revision) => Known.GetValue(revision, static r => new(Read(r))).Value;

    /// <summary>The patch as the revision's <c>data</c>.</summary>
    public object ToData() => KubernetesJson.Deserialize<JsonElement>(_patch);

    /// <summary>
    /// The hash that names the revision (FNV-1 with 32 bits over the patch, as upstream names those of StatefulSets); <paramref
    /// name="collisionCount"/>
    /// makes another one when the first is taken.
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
