using k8s.Models;

namespace Petrel.Controllers.StatefulSets;

/// <summary>
/// One step of a <see cref="StatefulSetPlan"/>. Steps are done in order; when one fails, the rest is dropped and planned again.
/// </summary>
public abstract record StatefulSetAction;

/// <summary>Creates the claims that are missing, then the pod.</summary>
public sealed record CreateStatefulPod(V1Pod Pod, IReadOnlyList<V1PersistentVolumeClaim> Claims) : StatefulSetAction;

/// <summary>Creates claims that a pending pod waits for.</summary>
public sealed record CreateClaims(V1Pod Pod, IReadOnlyList<V1PersistentVolumeClaim> Claims) : StatefulSetAction;

/// <summary>Writes a pod whose labels or volumes were not those of its identity.</summary>
public sealed record RepairStatefulPod(V1Pod Pod) : StatefulSetAction;

/// <summary>Deletes a pod.</summary>
public sealed record DeleteStatefulPod(V1Pod Pod) : StatefulSetAction;

/// <summary>Gives a claim other owners. <see cref="Conflicting"/>: someone else controls it, which is told in an event.</summary>
public sealed record SetClaimOwners(V1PersistentVolumeClaim Claim, IReadOnlyList<V1OwnerReference> Owners, bool Conflicting)
    : StatefulSetAction;

/// <summary>A pod can't be created yet: only tells so in an event.</summary>
public sealed record ReportBlocked(V1Pod Pod, string Problem) : StatefulSetAction;
