using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Storage;

/// <summary>storage.k8s.io/v1 CSINode: the CSI drivers of a node, and their names for the node.</summary>
internal static class CsiNodeKind
{
    private const int MaxNodeId = 192;

    public static KindDefinition Definition { get; } =
        KindDefinition.Create(StorageRules.Group, "v1", "CSINode", "csinodes", namespaced: false) with
        {
            Validate = Validate,
            Columns = [Name, Shown("Drivers", "How many drivers it has.", static o => o.Count("spec", "drivers"), "integer"), Age],
        };

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (driver, at) in value.Child("spec").Indexed("drivers", "spec"))
        {
            Driver(driver, at, errors);
            if (!names.Add(driver.Text("name")))
            {
                errors.Duplicate($"{at}.name", driver.Text("name"));
            }
            Topology(driver, at, errors);
        }
        foreach (var before in old.Child("spec").Objects("drivers"))
        {
            foreach (var driver in value.Child("spec").Objects("drivers").Where(d => d.Text("name") == before.Text("name")))
            {
                if (!JsonNode.DeepEquals(WithoutAllocatable(driver), WithoutAllocatable(before)))
                {
                    errors.Invalid("spec.drivers", driver, "field is immutable");
                }
            }
        }
    }

    private static void Driver(JsonObject driver, string path, FieldErrors errors)
    {
        StorageRules.DriverName(driver.Text("name"), $"{path}.name", errors);
        var id = driver.Text("nodeID");
        if (id.Length == 0)
        {
            errors.Required($"{path}.nodeID");
        }
        if (id.Length > MaxNodeId)
        {
            errors.Invalid($"{path}.nodeID", id, $"must be {MaxNodeId} characters or less");
        }
        Quantities.NotNegative(driver.Child("allocatable").Number("count"), $"{path}.allocatable.count", errors);
    }

    private static void Topology(JsonObject driver, string path, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in driver.Texts("topologyKeys"))
        {
            if (key.Length == 0)
            {
                errors.Required(path);
            }
            if (!seen.Add(key))
            {
                errors.Duplicate(path, key);
            }
            if (LabelSyntax.KeyProblem(key) is { } problem)
            {
                errors.Invalid(path, key, problem);
            }
        }
    }

    // The allocatable count may be updated.
    private static JsonObject WithoutAllocatable(JsonObject driver)
    {
        var copy = driver.DeepClone().AsObject();
        copy.Remove("allocatable");
        return copy;
    }
}
