using System.Globalization;

namespace Petrel.Model.Documents;

/// <summary>
/// Where in a document a field is, written as upstream writes it: <c>spec.containers[0].image</c>. Built only as deep as one looks.
/// </summary>
internal sealed class FieldPath
{
    private readonly FieldPath? _parent;
    private readonly string? _name;
    private readonly int _index;

    public FieldPath(FieldPath? parent, string name) => (_parent, _name) = (parent, name);

    public FieldPath(FieldPath? parent, int index) => (_parent, _index) = (parent, index);

    /// <inheritdoc/>
    public override string ToString() =>
        _name is null ? string.Create(CultureInfo.InvariantCulture, $"{_parent}[{_index}]")
        : _parent is null ? _name
        : $"{_parent}.{_name}";
}
