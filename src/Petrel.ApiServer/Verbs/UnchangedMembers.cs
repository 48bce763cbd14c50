using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Requests;
using Petrel.Model.Apply;

namespace Petrel.ApiServer.Verbs;

/// <summary>
/// The top-level members of an object that a write leaves as they are stored, known without looking at them: those outside its scope, and
/// those that its patch does not mention. They are neither parsed nor checked nor compared, which is most of what a write of a pod's
/// status would cost.
/// </summary>
internal readonly struct UnchangedMembers(KindDefinition kind, UpdateScope scope, WriteCall call)
{
    // The defaults of custom kinds change with their schemas, and conversions touch everything.
    private readonly bool _known = kind is { IsCustom: false, FromStorage: null, ToStorage: null } && call.Applied is null;

    /// <summary>Whether the write leaves the member as it is stored; false when that is not known.</summary>
    public bool Contains(string name) =>
        _known
        && name != "metadata"
        && (
            scope == UpdateScope.Status
                ? name != "status"
                : scope == UpdateScope.Object && ((kind.HasStatus && name == "status") || call.PatchedMembers?.Contains(name) == false)
        );

    /// <summary>
    /// Whether the write leaves this member of the metadata as it is stored; false when that is not known. Defaults may set labels and
    /// annotations.
    /// </summary>
    public bool ContainsOfMetadata(string name) =>
        _known
        && name != "annotations"
        && (
            scope == UpdateScope.Status
            || (scope == UpdateScope.Object && call.PatchedMembers?.Contains("metadata") == false && name != "labels")
        );

    /// <summary>What the computation of managers need not compare.</summary>
    public UnchangedFields? Fields => _known ? new(Contains, ContainsOfMetadata) : null;

    /// <summary>Whether the defaults and the validation of the kind look at nothing that the write changes.</summary>
    public bool HoldAllThatIsChecked => Contains("spec") && kind.ChecksOnlySpec;
}
