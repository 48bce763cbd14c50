using System.Text.Json.Nodes;

namespace Petrel.Model.Apply;

/// <summary>
/// A set of fields of a document, as <c>managedFields</c> has it (meta/v1 FieldsV1; structured-merge-diff's fieldpath.Set). It is a tree whose edges are path
/// elements: <c>f:NAME</c> for a member, <c>k:{keys}</c> for an item of a list map, <c>v:VALUE</c> for an item of a set, <c>i:N</c> for an item by place.
/// A node is a member of the set, or only on the way to members. Immutable once built, except by <see cref="Add"/>.
/// </summary>
public sealed class FieldSet
{
    private const string Self = ".";

    private SortedDictionary<string, FieldSet>? _children;

    /// <summary>Whether the field at this node is in the set, rather than only some below it.</summary>
    public bool IsMember { get; private set; }

    public bool IsEmpty => !IsMember && (_children is null || _children.Count == 0);

    /// <summary>The nodes below, by path element, in order.</summary>
    public IEnumerable<KeyValuePair<string, FieldSet>> Children => _children ?? Enumerable.Empty<KeyValuePair<string, FieldSet>>();

    /// <summary>The node below at a path element, or null.</summary>
    public FieldSet? Child(string element) => _children?.GetValueOrDefault(element);

    /// <summary>Reads FieldsV1.</summary>
    /// <exception cref="FormatException">It is not in that form.</exception>
    public static FieldSet Parse(JsonNode? fields)
    {
        if (fields is not JsonObject members)
        {
            throw new FormatException("fieldsV1 must be an object");
        }
        var set = new FieldSet { IsMember = false };
        foreach (var (element, below) in members)
        {
            if (element == Self)
            {
                set.IsMember = true;
                continue;
            }
            if (element.Length < 2 || element[1] != ':' || element[0] is not ('f' or 'k' or 'v' or 'i'))
            {
                throw new FormatException($"fieldsV1 has the unknown path element \"{element}\"");
            }
            var child = Parse(below);
            if (child.IsEmpty)
            {
                // The end of a path is written as an empty object.
                child.IsMember = true;
            }
            set.Put(element, child);
        }
        return set;
    }

    /// <summary>The set as FieldsV1.</summary>
    public JsonObject ToJson()
    {
        var result = new JsonObject();
        if (IsMember && _children is { Count: > 0 })
        {
            result[Self] = new JsonObject();
        }
        foreach (var (element, child) in Children)
        {
            result[element] = child.ToJson();
        }
        return result;
    }

    /// <summary>Puts the field at a path into the set; the empty path is the node itself.</summary>
    public void Add(params ReadOnlySpan<string> path)
    {
        var node = this;
        foreach (var element in path)
        {
            node = node.Below(element);
        }
        node.IsMember = true;
    }

    /// <summary>The node below at a path element, made when absent; for those who fill a set.</summary>
    public FieldSet Below(string element)
    {
        _children ??= new(StringComparer.Ordinal);
        if (!_children.TryGetValue(element, out var child))
        {
            _children[element] = child = new FieldSet();
        }
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

    public FieldSet Union(FieldSet other) => Combine(other, static (left, right) => left || right, keepLeft: true, keepRight: true);

    public FieldSet Intersection(FieldSet other) => Combine(other, static (left, right) => left && right, keepLeft: false, keepRight: false);

    /// <summary>The fields of this set that are not in the other. A field in the other says nothing of those below it.</summary>
    public FieldSet Difference(FieldSet other) => Combine(other, static (left, right) => left && !right, keepLeft: true, keepRight: false);

    /// <summary>The fields of this set that are neither in the other nor below a field that is.</summary>
    public FieldSet RecursiveDifference(FieldSet other)
    {
        if (other.IsMember)
        {
            return new FieldSet();
        }
        var result = new FieldSet { IsMember = IsMember };
        foreach (var (element, child) in Children)
        {
            result.Put(element, other.Child(element) is { } counterpart ? child.RecursiveDifference(counterpart) : child);
        }
        return result;
    }

    /// <summary>The same set with every named field on the way to a member as a member itself.</summary>
    public FieldSet WithNamedFields()
    {
        var result = new FieldSet { IsMember = IsMember };
        foreach (var (element, child) in Children)
        {
            var complete = child.WithNamedFields();
            if (element[0] == 'f' && !complete.IsMember)
            {
                complete.IsMember = true;
            }
            result.Put(element, complete);
        }
        return result;
    }

    public bool SetEquals(FieldSet other)
    {
        if (IsMember != other.IsMember || (_children?.Count ?? 0) != (other._children?.Count ?? 0))
        {
            return false;
        }
        foreach (var (element, child) in Children)
        {
            if (other.Child(element) is not { } counterpart || !child.SetEquals(counterpart))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>The paths of all members, as conflicts show them: <c>.spec.containers[name="web"].image</c>.</summary>
    public IEnumerable<string> Paths(string prefix = "")
    {
        if (IsMember && prefix.Length > 0)
        {
            yield return prefix;
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

    private FieldSet Combine(FieldSet other, Func<bool, bool, bool> member, bool keepLeft, bool keepRight)
    {
        var result = new FieldSet { IsMember = member(IsMember, other.IsMember) };
        foreach (var (element, child) in Children)
        {
            if (other.Child(element) is { } counterpart)
            {
                result.Put(element, child.Combine(counterpart, member, keepLeft, keepRight));
            }
            else if (keepLeft)
            {
                result.Put(element, child);
            }
        }
        if (keepRight)
        {
            foreach (var (element, child) in other.Children)
            {
                if (Child(element) is null)
                {
                    result.Put(element, child);
                }
            }
        }
        return result;
    }

    // Nodes that lead nowhere are not kept.
    private void Put(string element, FieldSet child)
    {
        if (!child.IsEmpty)
        {
            (_children ??= new(StringComparer.Ordinal))[element] = child;
        }
    }
}
