namespace Petrel.Store.Sqlite;

/// <summary>
/// A file beside the store that only takes space. When the disk is full it is deleted, so that commits that free space have room.
/// </summary>
internal sealed class DiskReserve
{
    private const long Smallest = 1L << 20;

    // Room for one whole checkpoint of the write-ahead log, and some more. Small disks get a 16th of their size.
    private const long Largest = 40L << 20;
    private const int ShareOfDisk = 16;

    private readonly string _path;
    private readonly string _folder;
    private readonly long _bytes;

    public DiskReserve(string storePath)
    {
        _path = storePath + "-reserve";
        _folder = Path.GetDirectoryName(storePath)!;
        _bytes = Math.Clamp(new DriveInfo(_folder).TotalSize / ShareOfDisk, Smallest, Largest);
    }

    /// <summary>
    /// At how many pages of the write-ahead log to move it into the file: rare under load (32 MiB), and within what the reserve can give.
    /// </summary>
    public int CheckpointPages => (int)(_bytes / 5 * 4 / SqliteLog.PageBytes);

    /// <summary>Whether the disk has room again: for the reserve, if it is released, and for ordinary commits.</summary>
    public bool IsThereRoom => Available >= (IsHeld ? 0 : _bytes) + (_bytes / 4);

    private bool IsHeld => File.Exists(_path) && new FileInfo(_path).Length >= _bytes;

    private long Available
    {
        get
        {
            try
            {
                return new DriveInfo(_folder).AvailableFreeSpace;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return 0;
            }
        }
    }

    /// <summary>Takes the space. False when the disk does not have it. A disk that can't keep such a file goes without.</summary>
    public bool TryHold()
    {
        if (IsHeld)
        {
            return true;
        }
        if (!IsThereRoom)
        {
            return false;
        }
        try
        {
            File.Delete(_path);
            using var file = new FileStream(
                _path,
                new FileStreamOptions
                {
                    Mode = FileMode.CreateNew,
                    Access = FileAccess.Write,
                    PreallocationSize = _bytes,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                }
            );
            file.SetLength(_bytes);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return IsThereRoom;
        }
    }

    /// <summary>Gives the space back. False when it was not held.</summary>
    public bool TryRelease()
    {
        try
        {
            if (!File.Exists(_path))
            {
                return false;
            }
            File.Delete(_path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
