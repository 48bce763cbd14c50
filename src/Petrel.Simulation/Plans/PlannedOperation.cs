using System.Text.Json.Nodes;

namespace Petrel.Simulation.Plans;

/// <summary>
/// Something that a user does. Operations on one object happen in order, each when its time has come and the one before is done; those on
/// different objects don't wait for each other. The user retries while the cluster can't be reached. What the API refuses is not done.
/// </summary>
public sealed record PlannedOperation
{
    public required TimeSpan At { get; init; }

    public required OperationKind Kind { get; init; }

    public required PlannedTarget Target { get; init; }

    /// <summary>The manifest to create or apply, the patch, or the options of a deletion or an eviction.</summary>
    public JsonObject? Body { get; init; }

    /// <summary>The subresource that is patched; null for the object itself.</summary>
    public string? Subresource { get; init; }

    /// <summary>To how many replicas to scale.</summary>
    public int? Replicas { get; init; }
}

/// <summary>What users do.</summary>
public enum OperationKind
{
    /// <summary>Creates the object of <see cref="PlannedOperation.Body"/>; one that exists stays as it is.</summary>
    Create,

    /// <summary>Applies the manifest (server-side apply, taking over conflicting fields).</summary>
    Apply,

    /// <summary>Applies a JSON merge patch to the object or its subresource.</summary>
    Patch,

    /// <summary>Sets the replicas through the scale subresource.</summary>
    Scale,

    /// <summary>Deletes the object, with the delete options of <see cref="PlannedOperation.Body"/>.</summary>
    Delete,

    /// <summary>Evicts the pod, trying again while disruption budgets forbid it.</summary>
    Evict,

    /// <summary>Makes the node unschedulable.</summary>
    Cordon,

    /// <summary>Makes the node schedulable again.</summary>
    Uncordon,

    /// <summary>
    /// Cordons the node and evicts its pods, but for those of DaemonSets, until none is left or the deadline of two minutes has passed.
    /// </summary>
    Drain,
}

/// <summary>The object that an operation is about.</summary>
/// <param name="ApiVersion">As manifests say it: <c>apps/v1</c>.</param>
/// <param name="Resource">The plural name in paths: <c>deployments</c>.</param>
/// <param name="Namespace">Empty for what lives in no namespace.</param>
/// <param name="Name">The object's name.</param>
public sealed record PlannedTarget(string ApiVersion, string Resource, string Namespace, string Name)
{
    /// <summary>The path of the object, or of its subresource.</summary>
    public string Path(string? subresource = null) => $"{Collection}/{Name}{(subresource is null ? "" : $"/{subresource}")}";

    /// <summary>The path of the namespace's objects.</summary>
    public string Collection
    {
        get
        {
            var root = ApiVersion.Contains('/', StringComparison.Ordinal) ? $"/apis/{ApiVersion}" : $"/api/{ApiVersion}";
            return Namespace.Length == 0 ? $"{root}/{Resource}" : $"{root}/namespaces/{Namespace}/{Resource}";
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Namespace.Length == 0 ? $"{Resource}/{Name}" : $"{Resource}/{Namespace}/{Name}";
}
