using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Kinds.Rows;

/// <summary>storage.k8s.io/v1, and the volumes and claims of v1.</summary>
public sealed class StorageRows
{
    private const string StorageClass =
        """{'apiVersion':'storage.k8s.io/v1','kind':'StorageClass','metadata':{'name':'fast'},'provisioner':'disk.petrel.dev'}""";

    private const string Driver =
        """{'apiVersion':'storage.k8s.io/v1','kind':'CSIDriver','metadata':{'name':'disk.petrel.dev'},'spec':{}}""";

    private const string DriverNode =
        """{'apiVersion':'storage.k8s.io/v1','kind':'CSINode','metadata':{'name':'node-1'},"""
        + """'spec':{'drivers':[{'name':'disk.petrel.dev','nodeID':'n1','topologyKeys':['zone']}]}}""";

    private const string Capacity =
        """{'apiVersion':'storage.k8s.io/v1','kind':'CSIStorageCapacity','metadata':{'name':'c1','namespace':'default'},"""
        + """'storageClassName':'fast','capacity':'10Gi'}""";

    private const string Attachment =
        """{'apiVersion':'storage.k8s.io/v1','kind':'VolumeAttachment','metadata':{'name':'a1'},"""
        + """'spec':{'attacher':'disk.petrel.dev','nodeName':'node-1','source':{'persistentVolumeName':'pv1'}}}""";

    private const string AttributesClass =
        """{'apiVersion':'storage.k8s.io/v1','kind':'VolumeAttributesClass','metadata':{'name':'gold'},"""
        + """'driverName':'disk.petrel.dev','parameters':{'iops':'3000'}}""";

    private const string Volume =
        """{'apiVersion':'v1','kind':'PersistentVolume','metadata':{'name':'pv1'},'spec':{'capacity':{'storage':'1Gi'},"""
        + """'accessModes':['ReadWriteOnce'],'hostPath':{'path':'/data'}}}""";

    private const string Claim =
        """{'apiVersion':'v1','kind':'PersistentVolumeClaim','metadata':{'name':'data','namespace':'default'},"""
        + """'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}}}""";

    [Fact]
    public void What_is_not_said_is_filled_in()
    {
        Rows.CheckDefaults("{'reclaimPolicy':'Delete','volumeBindingMode':'Immediate'}", StorageClass);
        Rows.CheckDefaults(
            "{'spec':{'attachRequired':true,'podInfoOnMount':false,'storageCapacity':false,"
                + "'fsGroupPolicy':'ReadWriteOnceWithFSType','requiresRepublish':false,'seLinuxMount':false,"
                + "'volumeLifecycleModes':['Persistent']}}",
            Driver
        );
        Rows.CheckDefaults("{}", DriverNode);
        Rows.CheckDefaults("{}", AttributesClass);
        var volume = Samples.Created(Volume);
        Assert.Equal(
            """{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"hostPath":"""
                + """{"path":"/data","type":""},"persistentVolumeReclaimPolicy":"Retain","volumeMode":"Filesystem"}""",
            volume["spec"]!.ToJsonString()
        );
        Assert.Equal("Pending", (string?)volume["status"]!["phase"]);
        Assert.NotNull(volume["status"]!["lastPhaseTransitionTime"]);
        Rows.CheckDefaults("{'spec':{'volumeMode':'Filesystem'},'status':{'phase':'Pending'}}", Claim);
    }

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'provisioner':''}", "provisioner: Required value")]
    [InlineData("{'provisioner':'Fast Disk'}", "provisioner: Invalid value: ...")]
    [InlineData("{'reclaimPolicy':'Burn'}", "reclaimPolicy: Unsupported value: \"Burn\": supported values: \"Delete\", \"Retain\"")]
    [InlineData(
        "{'volumeBindingMode':'Later'}",
        "volumeBindingMode: Unsupported value: \"Later\": supported values: \"Immediate\", \"WaitForFirstConsumer\""
    )]
    [InlineData("{'parameters':{'':'x'}}", "parameters: Invalid value: \"\": field can not be empty.")]
    public void Storage_classes_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, StorageClass, change);

    [Theory]
    [InlineData("{'allowVolumeExpansion':true}", "")]
    [InlineData("{'provisioner':'other.petrel.dev'}", "provisioner: Forbidden: updates to provisioner are forbidden.")]
    [InlineData("{'parameters':{'a':'b'}}", "parameters: Forbidden: updates to parameters are forbidden.")]
    [InlineData("{'reclaimPolicy':'Retain'}", "reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.")]
    [InlineData(
        "{'volumeBindingMode':'WaitForFirstConsumer'}",
        "volumeBindingMode: Invalid value: \"WaitForFirstConsumer\": field is immutable"
    )]
    public void Of_storage_classes_little_may_change(string change, string expected) => Rows.CheckUpdate(expected, StorageClass, change);

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'fsGroupPolicy':'Sometimes'}", "spec.fsGroupPolicy: Unsupported value: \"Sometimes\": ...")]
    [InlineData("{'volumeLifecycleModes':['Short']}", "spec.volumeLifecycleModes: Unsupported value: \"Short\": ...")]
    [InlineData("{'tokenRequests':[{'audience':'a'},{'audience':'a'}]}", "spec.tokenRequests[1].audience: Duplicate value: \"a\"")]
    [InlineData(
        "{'tokenRequests':[{'audience':'a','expirationSeconds':10}]}",
        "spec.tokenRequests[0].expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes"
    )]
    [InlineData(
        "{'nodeAllocatableUpdatePeriodSeconds':5}",
        "spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 5: must be greater than or equal to 10 seconds"
    )]
    public void Drivers_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, Driver, $"{{'spec':{change}}}");

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'drivers':[{'name':'a','nodeID':'n'},{'name':'a','nodeID':'m'}]}", "spec.drivers[1].name: Duplicate value: \"a\"")]
    [InlineData("{'drivers':[{'name':'a','nodeID':''}]}", "spec.drivers[0].nodeID: Required value")]
    [InlineData("{'drivers':[{'name':'a','nodeID':'n','topologyKeys':['z','z']}]}", "spec.drivers[0]: Duplicate value: \"z\"")]
    [InlineData(
        "{'drivers':[{'name':'a','nodeID':'n','allocatable':{'count':-1}}]}",
        "spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0"
    )]
    public void The_drivers_of_nodes_are_held_to_upstreams_rules(string change, string expected) =>
        Rows.Check(expected, DriverNode, $"{{'spec':{change}}}");

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'capacity':'-1'}", "capacity: Invalid value: \"-1\": must be greater than or equal to 0")]
    [InlineData("{'storageClassName':'a/b'}", "storageClassName: Invalid value: \"a/b\": ...")]
    public void Capacities_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, Capacity, change);

    [Fact]
    public void What_a_capacity_is_about_stays() =>
        Rows.CheckUpdate("storageClassName: Invalid value: \"slow\": field is immutable", Capacity, "{'storageClassName':'slow'}");

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'attacher':''}", "spec.attacher: Required value ; ...")]
    [InlineData("{'nodeName':'No De'}", "spec.nodeName: Invalid value: \"No De\": ...")]
    [InlineData(
        "{'source':{'persistentVolumeName':null}}",
        "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"
    )]
    public void Attachments_are_held_to_upstreams_rules(string change, string expected) =>
        Rows.Check(expected, Attachment, $"{{'spec':{change}}}");

    [Fact]
    public void An_attachment_stays() => Rows.CheckUpdate("spec: Invalid value: ...", Attachment, "{'spec':{'nodeName':'node-2'}}");

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'driverName':''}", "driverName: Required value")]
    [InlineData("{'parameters':null}", "parameters: Required value: must contain at least one key/value pair")]
    public void Attributes_classes_are_held_to_upstreams_rules(string change, string expected) =>
        Rows.Check(expected, AttributesClass, change);

    [Fact]
    public void The_parameters_of_an_attributes_class_stay() =>
        Rows.CheckUpdate("parameters: Forbidden: updates to parameters are forbidden.", AttributesClass, "{'parameters':{'iops':'1'}}");

    [Theory]
    [InlineData("{}", "")]
    [InlineData(
        "{'capacity':null}",
        "spec.capacity: Required value ; spec.capacity: Unsupported value: null: supported values: \"storage\""
    )]
    [InlineData("{'capacity':{'storage':'0'}}", "spec.capacity[storage]: Invalid value: \"0\": must be greater than zero")]
    [InlineData("{'accessModes':[]}", "spec.accessModes: Required value")]
    [InlineData("{'accessModes':['ReadSometimes']}", "spec.accessModes: Unsupported value: \"ReadSometimes\": ...")]
    [InlineData(
        "{'accessModes':['ReadWriteOncePod','ReadWriteOnce']}",
        "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"
    )]
    [InlineData(
        "{'persistentVolumeReclaimPolicy':'Burn'}",
        "spec.persistentVolumeReclaimPolicy: Unsupported value: \"Burn\": supported values: \"Delete\", \"Recycle\", \"Retain\""
    )]
    [InlineData("{'hostPath':null}", "spec: Required value: must specify a volume type")]
    [InlineData("{'nfs':{'server':'s','path':'/x'}}", "spec.nfs: Forbidden: may not specify more than 1 volume type")]
    [InlineData("{'hostPath':null,'local':{'path':'/d'}}", "spec.nodeAffinity: Required value: Local volume requires node affinity")]
    [InlineData("{'hostPath':{'path':'/a/../b'}}", "spec.hostPath.path: Invalid value: \"/a/../b\": must not contain '..'")]
    [InlineData("{'volumeMode':'Tape'}", "spec.volumeMode: Unsupported value: \"Tape\": supported values: \"Block\", \"Filesystem\"")]
    public void Volumes_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, Volume, $"{{'spec':{change}}}");

    [Theory]
    [InlineData("{'capacity':{'storage':'2Gi'},'persistentVolumeReclaimPolicy':'Delete'}", "")]
    [InlineData(
        "{'hostPath':{'path':'/other'}}",
        "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation..."
    )]
    [InlineData("{'volumeMode':'Block'}", "volumeMode: Invalid value: \"Block\": field is immutable")]
    public void The_source_of_a_volume_stays(string change, string expected) => Rows.CheckUpdate(expected, Volume, $"{{'spec':{change}}}");

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'accessModes':null}", "spec.accessModes: Required value: at least 1 access mode is required")]
    [InlineData("{'resources':{'requests':{'storage':null}}}", "spec.resources[storage]: Required value")]
    [InlineData("{'resources':{'requests':{'storage':'0'}}}", "spec.resources[storage]: Invalid value: \"0\": must be greater than zero")]
    [InlineData("{'storageClassName':'A B'}", "spec.storageClassName: Invalid value: \"A B\": ...")]
    [InlineData("{'dataSource':{'kind':'Pod','name':'p'}}", "")]
    [InlineData("{'volumeMode':'Tape'}", "spec.volumeMode: Unsupported value: \"Tape\": supported values: \"Block\", \"Filesystem\"")]
    public void Claims_are_held_to_upstreams_rules(string change, string expected) => Rows.Check(expected, Claim, $"{{'spec':{change}}}");

    [Theory]
    [InlineData("{'volumeName':'pv1'}", "")]
    [InlineData(
        "{'accessModes':['ReadOnlyMany']}",
        "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims..."
    )]
    [InlineData("{'resources':{'requests':{'storage':'2Gi'}}}", "spec: Forbidden: ...")]
    public void A_claim_that_is_not_bound_stays(string change, string expected) =>
        Rows.CheckUpdate(expected, Claim, $"{{'spec':{change}}}");

    [Fact]
    public void Tables_show_what_kubectl_shows()
    {
        Rows.CheckRow(
            "fast (default) | disk.petrel.dev | Delete | Immediate | true | 5m12s",
            StorageClass,
            "{'reclaimPolicy':'Delete','volumeBindingMode':'Immediate','allowVolumeExpansion':true,"
                + "'metadata':{'annotations':{'storageclass.kubernetes.io/is-default-class':'true'}}}"
        );
        Rows.CheckRow(
            "disk.petrel.dev | true | false | false | <unset> | false | Persistent | 5m12s",
            Driver,
            "{'spec':{'attachRequired':true,'podInfoOnMount':false,'storageCapacity':false,'requiresRepublish':false,"
                + "'volumeLifecycleModes':['Persistent']}}"
        );
        Rows.CheckRow("node-1 | 1 | 5m12s", DriverNode);
        Rows.CheckRow("c1 | fast | 10Gi", Capacity);
        Rows.CheckRow("a1 | disk.petrel.dev | pv1 | node-1 | true | 5m12s", Attachment, "{'status':{'attached':true}}");
        Rows.CheckRow("gold | disk.petrel.dev | 5m12s", AttributesClass);
        Rows.CheckRow(
            "pv1 | 1Gi | RWO | Retain | Bound | default/data | fast | <unset> |  | 5m12s [Filesystem]",
            Volume,
            "{'spec':{'storageClassName':'fast','persistentVolumeReclaimPolicy':'Retain','volumeMode':'Filesystem',"
                + "'claimRef':{'namespace':'default','name':'data'}},'status':{'phase':'Bound'}}"
        );
        Rows.CheckRow(
            "data | Bound | pv1 | 1Gi | RWO | fast | <unset> | 5m12s [Filesystem]",
            Claim,
            "{'spec':{'storageClassName':'fast','volumeName':'pv1','volumeMode':'Filesystem'},'status':{'phase':'Bound',"
                + "'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce']}}"
        );
    }

    [Theory]
    [InlineData(StorageClass)]
    [InlineData(Driver)]
    [InlineData(DriverNode)]
    [InlineData(Capacity)]
    [InlineData(Attachment)]
    [InlineData(AttributesClass)]
    [InlineData(Volume)]
    [InlineData(Claim)]
    public Task Objects_are_created_read_changed_and_deleted(string text) => Rows.CheckRoundTripAsync(text);
}
