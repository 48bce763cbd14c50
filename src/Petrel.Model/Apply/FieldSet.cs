using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Apply;

/// <summary>
/// A set of fields of a document, in the form that <c>managedFields</c> uses (meta/v1 FieldsV1; structured-merge-diff's fieldpath.Set). It
/// is a tree whose edges are path elements (<see cref="PathElement"/>). A node is either a member of the set or only leads to members. A
/// set is immutable once built, except through <see cref="Add"/> and <see cref="Below"/>. Operations share nodes between sets.
/// </summary>
public sealed class FieldSet
{
    private const string Self = ".";

    /// <summary>The set of one field at the end of a path. The instance is shared, so nothing can be added below it.</summary>
    internal static FieldSet Leaf { get; } = new() { IsMember = true };

    // Sorted by path element.
    private List<KeyValuePair<string, FieldSet>>? _children;

    /// <summary>Whether the field at this node is in the set itself, and not only fields below it.</summary>
    public bool IsMember { get; private set; }

    public bool IsEmpty => !IsMember && !HasChildren;

    public bool HasChildren => _children is { Count: > 0 };

    /// <summary>The nodes below, sorted by path element.</summary>
    public IReadOnlyList<KeyValuePair<string, FieldSet>> Children => _children ?? [];

    /// <summary>The node below at a path element, or null.</summary>
    public FieldSet? Child(string element)
    {
        var at = Find(element);
        return at >= 0 ? _children![at].Value : null;
    }

    /// <summary>Reads FieldsV1.</summary>
    /// <exception cref="FormatException">The value is not valid FieldsV1.</exception>
    public static FieldSet Parse(JsonNode? fields)
    {
        if (fields is not JsonObject members)
        {
            throw new FormatException("fieldsV1 must be an object");
        }
        // Parse the serialized bytes instead of the nodes. Most values were read from bytes, and their nodes are not created yet.
        var reader = new Utf8JsonReader(JsonScratch.Write(members, static (value, writer) => value.WriteTo(writer)), DeepJson.Reader);
        reader.Read();
        return Parse(ref reader);
    }

    /// <summary>Reads FieldsV1, or returns the shared set that was read from the same text before.</summary>
    /// <exception cref="FormatException">The value is not valid FieldsV1.</exception>
    internal static FieldSet ParseShared(JsonNode? fields) =>
        fields is JsonObject members
            ? JsonScratch.Write(members, static (value, writer) => value.WriteTo(writer), static text => ParseShared(text))
            : throw new FormatException("fieldsV1 must be an object");

    private static FieldSet ParseShared(ReadOnlySpan<byte> text)
    {
        if (FieldSetCache.Find(text) is { } known)
        {
            return known;
        }
        var reader = new Utf8JsonReader(text, DeepJson.Reader);
        reader.Read();
        var set = Parse(ref reader);
        FieldSetCache.Keep(text, set);
        return set;
    }

    // The reader is at the start of an object.
    private static FieldSet Parse(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException("fieldsV1 must be an object");
        }
        var set = new FieldSet();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("."u8))
            {
                set.IsMember = true;
                reader.Read();
                reader.Skip();
                continue;
            }
            var element = PathElementNames.Read(ref reader);
            if (element.Length < 2 || element[1] != ':' || element[0] is not ('f' or 'k' or 'v' or 'i'))
            {
                throw new FormatException($"fieldsV1 has the unknown path element \"{element}\"");
            }
            reader.Read();
            var child = Parse(ref reader);
            // FieldsV1 represents the end of a path as an empty object.
            set.Put(element, child.IsEmpty ? Leaf : child);
        }
        return set;
    }

    /// <summary>The set as FieldsV1.</summary>
    public JsonObject ToJson()
    {
        // Return one node that holds the text, instead of a node for each path element: most callers only write it out again.
        return JsonScratch.Write(this, static (set, writer) => set.Write(writer), static text => FieldSetCache.ToNode(text));
    }

    /// <summary>Writes the set as FieldsV1.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        if (IsMember && HasChildren)
        {
            writer.WriteStartObject(Self);
            writer.WriteEndObject();
        }
        foreach (var (element, child) in Children)
        {
            writer.WritePropertyName(element);
            child.Write(writer);
        }
        writer.WriteEndObject();
    }

    /// <summary>Adds the field at a path to the set. The empty path is the node itself.</summary>
    public void Add(params ReadOnlySpan<string> path)
    {
        var node = this;
        foreach (var element in path)
        {
            node = node.Below(element);
        }
        node.IsMember = true;
    }

    /// <summary>The node below at a path element, created when absent. It is for code that fills a set.</summary>
    public FieldSet Below(string element)
    {
        Own();
        var at = Find(element);
        if (at >= 0)
        {
            return _children[at].Value;
        }
        var child = new FieldSet();
        _children.Insert(~at, new(element, child));
        return child;
    }

    public bool Has(params ReadOnlySpan<string> path)
    {
        var node = this;
        foreach (var element in path)
        {
            if (node.Child(element) is not { } child)
            {
                return false;
            }
            node = child;
        }
        return node.IsMember;
    }

    public FieldSet Union(FieldSet other) =>
        IsEmpty ? other
        : other.IsEmpty ? this
        : Combine(other, IsMember || other.IsMember, static (left, right) => left.Union(right), keepLeft: true, keepRight: true);

    public FieldSet Intersection(FieldSet other) =>
        Combine(other, IsMember && other.IsMember, static (left, right) => left.Intersection(right), keepLeft: false, keepRight: false);

    /// <summary>The fields of this set that are not in the other. A field in the other set does not exclude the fields below it.</summary>
    public FieldSet Difference(FieldSet other) =>
        Combine(other, IsMember && !other.IsMember, static (left, right) => left.Difference(right), keepLeft: true, keepRight: false);

    /// <summary>The fields of this set that are neither in the other nor below a field that is.</summary>
    public FieldSet RecursiveDifference(FieldSet other) =>
        other.IsMember
            ? new FieldSet()
            : Combine(other, IsMember, static (left, right) => left.RecursiveDifference(right), keepLeft: true, keepRight: false);

    public bool SetEquals(FieldSet other)
    {
        if (IsMember != other.IsMember || Children.Count != other.Children.Count)
        {
            return false;
        }
        for (var i = 0; i < Children.Count; i++)
        {
            if (Children[i].Key != other.Children[i].Key || !Children[i].Value.SetEquals(other.Children[i].Value))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>
    /// The paths of all members, in the form that conflicts show: <c>.spec.containers[name="web"].image</c>. The members of one level come
    /// before those below them.
    /// </summary>
    public IEnumerable<string> Paths(string prefix = "")
    {
        foreach (var (element, child) in Children)
        {
            if (child.IsMember)
            {
                yield return prefix + PathElement.Show(element);
            }
        }
        foreach (var (element, child) in Children)
        {
            foreach (var path in child.Paths(prefix + PathElement.Show(element)))
            {
                yield return path;
            }
        }
    }

    /// <inheritdoc/>
    public override string ToString() => ToJson().ToJsonString();

    /// <summary>This set with its root node as a member.</summary>
    internal FieldSet AsMember() =>
        IsMember ? this
        : HasChildren ? new FieldSet { IsMember = true, _children = _children }
        : Leaf;

    /// <summary>Puts a finished node into the set, and ignores an empty node.</summary>
    internal void Put(string element, FieldSet child)
    {
        if (child.IsEmpty)
        {
            return;
        }
        Own();
        var at = Find(element);
        if (at >= 0)
        {
            _children[at] = new(element, child);
        }
        else
        {
            _children.Insert(~at, new(element, child));
        }
    }

    // Both sides are sorted, so one pass merges them.
    private FieldSet Combine(FieldSet other, bool isMember, Func<FieldSet, FieldSet, FieldSet> both, bool keepLeft, bool keepRight)
    {
        var result = new FieldSet { IsMember = isMember };
        var (left, right) = (Children, other.Children);
        // Most operations leave most branches unchanged. These branches are shared, so comparing references detects them.
        var isLeft = isMember == IsMember;
        var (i, j) = (0, 0);
        while (i < left.Count || j < right.Count)
        {
            var order =
                i == left.Count ? 1
                : j == right.Count ? -1
                : PathElement.Compare(left[i].Key, right[j].Key);
            if (order == 0)
            {
                var combined = both(left[i].Value, right[j].Value);
                isLeft &= ReferenceEquals(combined, left[i].Value);
                result.Append(left[i].Key, combined);
                (i, j) = (i + 1, j + 1);
            }
            else if (order < 0)
            {
                if (keepLeft)
                {
                    result.Append(left[i].Key, left[i].Value);
                }
                isLeft &= keepLeft;
                i++;
            }
            else
            {
                if (keepRight)
                {
                    result.Append(right[j].Key, right[j].Value);
                }
                isLeft &= !keepRight;
                j++;
            }
        }
        return isLeft ? this : result;
    }

    [MemberNotNull(nameof(_children))]
    private void Own()
    {
        if (ReferenceEquals(this, Leaf))
        {
            throw new InvalidOperationException("the end of a path has nothing below it");
        }
        _children ??= [];
    }

    private void Append(string element, FieldSet child)
    {
        if (!child.IsEmpty)
        {
            (_children ??= []).Add(new(element, child));
        }
    }

    private int Find(string element)
    {
        if (_children is null)
        {
            return -1;
        }
        // Most sets are filled in order, so check for an append first.
        var (low, high) = (0, _children.Count - 1);
        if (high >= 0 && PathElement.Compare(_children[high].Key, element) < 0)
        {
            return ~(high + 1);
        }
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = PathElement.Compare(_children[middle].Key, element);
            if (order == 0)
            {
                return middle;
            }
            if (order < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }
        return ~low;
    }
}
