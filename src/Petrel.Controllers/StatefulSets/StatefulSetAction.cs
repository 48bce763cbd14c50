using k8s.Models;

namespace Petrel.Controllers.StatefulSets;

/// <summary>
/// One action of a <see cref="StatefulSetPlan"/>. Actions are executed in order. When one fails, the rest is dropped and planned again.
/// </summary>
public abstract record StatefulSetAction;

/// <summary>Creates the missing claims, then the pod.</summary>
public sealed record CreateStatefulPod(V1Pod Pod, IReadOnlyList<V1PersistentVolumeClaim> Claims) : StatefulSetAction;

/// <summary>Creates claims that a pending pod waits for.</summary>
public sealed record CreateClaims(V1Pod Pod, IReadOnlyList<V1PersistentVolumeClaim> Claims) : StatefulSetAction;

/// <summary>Writes a pod whose labels or volumes did not match its identity.</summary>
public sealed record RepairStatefulPod(V1Pod Pod) : StatefulSetAction;

/// <summary>Deletes a pod.</summary>
public sealed record DeleteStatefulPod(V1Pod Pod) : StatefulSetAction;

/// <summary>Sets the owners of a claim. <see cref="Conflicting"/>: another object controls it, which is recorded as an event.</summary>
public sealed record SetClaimOwners(V1PersistentVolumeClaim Claim, IReadOnlyList<V1OwnerReference> Owners, bool Conflicting)
    : StatefulSetAction;

/// <summary>Records an event: the pod cannot be created yet.</summary>
public sealed record ReportBlocked(V1Pod Pod, string Reason) : StatefulSetAction;
