using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Quotas;

/// <summary>
/// Amounts by resource name, sorted by name (upstream: ResourceList). An absent resource differs from one with the amount zero.
/// </summary>
public sealed class ResourceAmounts
{
    private readonly SortedDictionary<string, Quantity> _amounts = new(StringComparer.Ordinal);

    /// <summary>The names that have an amount, sorted.</summary>
    public IReadOnlyCollection<string> Names => _amounts.Keys;

    public bool IsEmpty => _amounts.Count == 0;

    /// <summary>The amount of one resource; zero when the resource is absent.</summary>
    public Quantity this[string name]
    {
        get => _amounts.GetValueOrDefault(name);
        set => _amounts[name] = value;
    }

    /// <summary>Reads a map of names to quantities. Values that are not quantities are skipped.</summary>
    public static ResourceAmounts From(JsonNode? document)
    {
        var result = new ResourceAmounts();
        foreach (var (name, value) in document as JsonObject ?? [])
        {
            if (Quantity.TryParse(NodeFields.AsText(value) ?? "", out var amount))
            {
                result._amounts[name] = amount;
            }
        }
        return result;
    }

    public JsonObject ToDocument()
    {
        var document = new JsonObject();
        foreach (var (name, amount) in _amounts)
        {
            document[name] = amount.ToString();
        }
        return document;
    }

    public bool Has(string name) => _amounts.ContainsKey(name);

    /// <summary>Adds the amounts of <paramref name="other"/> to these.</summary>
    public void Add(ResourceAmounts other)
    {
        foreach (var (name, amount) in other._amounts)
        {
            _amounts[name] = _amounts.TryGetValue(name, out var own) ? own + amount : amount;
        }
    }

    /// <summary>Raises each amount to that of <paramref name="other"/> where that is greater.</summary>
    public void RaiseTo(ResourceAmounts other)
    {
        foreach (var (name, amount) in other._amounts)
        {
            if (!_amounts.TryGetValue(name, out var own) || amount > own)
            {
                _amounts[name] = amount;
            }
        }
    }

    /// <summary>The amounts by which these exceed those of <paramref name="other"/>, for the resources that do.</summary>
    public ResourceAmounts Above(ResourceAmounts other)
    {
        var result = new ResourceAmounts();
        foreach (var (name, amount) in _amounts)
        {
            var more = amount - other[name];
            if (more.Sign > 0)
            {
                result._amounts[name] = more;
            }
        }
        return result;
    }

    /// <summary>Only the amounts of the resources that <paramref name="keep"/> selects.</summary>
    public ResourceAmounts Where(Func<string, bool> keep)
    {
        var result = new ResourceAmounts();
        foreach (var (name, amount) in _amounts)
        {
            if (keep(name))
            {
                result._amounts[name] = amount;
            }
        }
        return result;
    }

    public ResourceAmounts Copy() => Where(static _ => true);

    /// <summary>Whether both have the same names with the same amounts.</summary>
    public bool SameAs(ResourceAmounts other) =>
        _amounts.Count == other._amounts.Count && _amounts.All(a => other._amounts.TryGetValue(a.Key, out var amount) && amount == a.Value);

    /// <summary>The amounts in the form that messages use: <c>cpu=1,memory=2Gi</c>.</summary>
    public override string ToString() => string.Join(',', _amounts.Select(a => $"{a.Key}={a.Value}"));
}
