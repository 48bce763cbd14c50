using k8s.Models;
using Petrel.Controllers.Framework;

namespace Petrel.Controllers.Deployments;

/// <summary>
/// One step of a <see cref="DeploymentPlan"/>. Steps are done in order; when one fails, the rest is dropped and planned again.
/// </summary>
public abstract record DeploymentAction;

/// <summary>Makes the Deployment the owner of a ReplicaSet that has none; only if the Deployment itself still exists.</summary>
public sealed record AdoptReplicaSet(V1ReplicaSet Value) : DeploymentAction;

/// <summary>Writes a ReplicaSet, at the resourceVersion that the plan was made from, then records the event.</summary>
public sealed record UpdateReplicaSet(V1ReplicaSet Value, ControllerEvent? Event) : DeploymentAction;

/// <summary>Creates the ReplicaSet of a template, then records the event.</summary>
public sealed record CreateReplicaSet(V1ReplicaSet Value, ControllerEvent? Event) : DeploymentAction;

/// <summary>Deletes a ReplicaSet that history has no room for, if it is still what the plan saw.</summary>
public sealed record DeleteReplicaSet(V1ReplicaSet Value) : DeploymentAction;

/// <summary>Writes the Deployment's status and annotations, at the resourceVersion that the plan was made from.</summary>
public sealed record UpdateDeploymentStatus(V1Deployment Value) : DeploymentAction;

/// <summary>Only records an event.</summary>
public sealed record RecordEvent(ControllerEvent Event) : DeploymentAction;
