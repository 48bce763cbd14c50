using Petrel.ApiServer.CustomResources;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.AdmissionRegistration;
using Petrel.ApiServer.Kinds.ApiRegistration;
using Petrel.ApiServer.Kinds.Apps;
using Petrel.ApiServer.Kinds.Autoscaling;
using Petrel.ApiServer.Kinds.Batch;
using Petrel.ApiServer.Kinds.Certificates;
using Petrel.ApiServer.Kinds.Coordination;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Discovery;
using Petrel.ApiServer.Kinds.Events;
using Petrel.ApiServer.Kinds.Metrics;
using Petrel.ApiServer.Kinds.Networking;
using Petrel.ApiServer.Kinds.Nodes;
using Petrel.ApiServer.Kinds.PetrelScheduling;
using Petrel.ApiServer.Kinds.Policy;
using Petrel.ApiServer.Kinds.Rbac;
using Petrel.ApiServer.Kinds.Reviews;
using Petrel.ApiServer.Kinds.Scheduling;
using Petrel.ApiServer.Kinds.Storage;

namespace Petrel.ApiServer.Composition;

/// <summary>The kinds that every server has: one file each, named after the kind.</summary>
public static class BuiltInKinds
{
    /// <summary>The registry of these kinds and their subresources.</summary>
    public static KindRegistry Registry { get; } = new(All(), SubresourceTable.Definitions);

    private static IEnumerable<KindDefinition> All() =>
        [
            ConfigMapKind.Definition,
            EndpointsKind.Definition,
            EventKind.Definition,
            LimitRangeKind.Definition,
            NamespaceKind.Definition,
            NodeKind.Definition,
            PersistentVolumeKind.Definition,
            PersistentVolumeClaimKind.Definition,
            ComponentStatusKind.Definition,
            PodKind.Definition,
            PodTemplateKind.Definition,
            ReplicationControllerKind.Definition,
            ResourceQuotaKind.Definition,
            SecretKind.Definition,
            ServiceKind.Definition,
            ServiceAccountKind.Definition,
            ControllerRevisionKind.Definition,
            DaemonSetKind.Definition,
            DeploymentKind.Definition,
            ReplicaSetKind.Definition,
            StatefulSetKind.Definition,
            HorizontalPodAutoscalerKind.Definition,
            HorizontalPodAutoscalerV1Kind.Definition,
            CronJobKind.Definition,
            JobKind.Definition,
            LeaseKind.Definition,
            EndpointSliceKind.Definition,
            PodDisruptionBudgetKind.Definition,
            RbacKinds.Role,
            RbacKinds.RoleBinding,
            RbacKinds.ClusterRole,
            RbacKinds.ClusterRoleBinding,
            IngressKind.Definition,
            IngressClassKind.Definition,
            NetworkPolicyKind.Definition,
            IpAddressKind.Definition,
            ServiceCidrKind.Definition,
            StorageClassKind.Definition,
            VolumeAttachmentKind.Definition,
            CsiDriverKind.Definition,
            CsiNodeKind.Definition,
            CsiStorageCapacityKind.Definition,
            VolumeAttributesClassKind.Definition,
            PriorityClassKind.Definition,
            PodGroupKind.Definition,
            RuntimeClassKind.Definition,
            EventsEventKind.Definition,
            CertificateSigningRequestKind.Definition,
            WebhookKinds.Mutating,
            WebhookKinds.Validating,
            ApiServiceKind.Definition,
            CustomResourceDefinitionKind.Definition,
            UsageKinds.Pods,
            UsageKinds.Nodes,
            MetricSampleKind.Definition,
            ReviewKinds.SelfSubject,
            ReviewKinds.Token,
            ReviewKinds.SubjectAccess,
            ReviewKinds.SelfSubjectAccess,
            ReviewKinds.SelfSubjectRules,
            ReviewKinds.LocalSubjectAccess,
        ];
}
