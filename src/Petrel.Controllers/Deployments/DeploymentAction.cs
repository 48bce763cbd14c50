using k8s.Models;
using Petrel.Controllers.Framework;

namespace Petrel.Controllers.Deployments;

/// <summary>
/// One action of a <see cref="DeploymentPlan"/>. Actions are executed in order. When one fails, the rest is dropped and planned again.
/// </summary>
public abstract record DeploymentAction;

/// <summary>Makes the Deployment the controller of a ReplicaSet without one, if the Deployment still exists.</summary>
public sealed record AdoptReplicaSet(V1ReplicaSet Value) : DeploymentAction;

/// <summary>Writes a ReplicaSet with the resourceVersion of the plan, then records the event.</summary>
public sealed record UpdateReplicaSet(V1ReplicaSet Value, ControllerEvent? Event) : DeploymentAction;

/// <summary>Creates the ReplicaSet of a template, then records the event.</summary>
public sealed record CreateReplicaSet(V1ReplicaSet Value, ControllerEvent? Event) : DeploymentAction;

/// <summary>Deletes a ReplicaSet beyond the history limit, if it is unchanged since the plan.</summary>
public sealed record DeleteReplicaSet(V1ReplicaSet Value) : DeploymentAction;

/// <summary>Writes the Deployment's status and annotations with the resourceVersion of the plan.</summary>
public sealed record UpdateDeploymentStatus(V1Deployment Value) : DeploymentAction;

/// <summary>Only records an event.</summary>
public sealed record RecordEvent(ControllerEvent Event) : DeploymentAction;
