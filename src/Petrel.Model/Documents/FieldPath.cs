using System.Globalization;

namespace Petrel.Model.Documents;

/// <summary>
/// The path of a field in a document, in upstream's form: <c>spec.containers[0].image</c>. Path objects exist only for visited
/// fields, and the text is built on demand.
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

/// <summary>The last step of a path, of which an object is made only for fields below it and for messages.</summary>
internal readonly struct FieldStep
{
    private readonly FieldPath? _parent;
    private readonly string? _name;
    private readonly int _index;

    public FieldStep(FieldPath? parent, string name) => (_parent, _name) = (parent, name);

    public FieldStep(FieldPath? parent, int index) => (_parent, _index) = (parent, index);

    public FieldPath ToPath() => _name is null ? new(_parent, _index) : new(_parent, _name);
}
