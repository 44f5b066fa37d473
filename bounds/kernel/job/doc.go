// Package job computes kernel matrices that take long: in tiles that are stored durably as they are done, so that a
// run that was killed goes on where it stopped, and that shards on several machines share.
//
// A [Matrix] says what an entry is. [Create] opens a folder for it, [Folder.Run] computes the tiles of a [Shard] that
// are missing, [Folder.Merge] takes those of other folders in, and [Folder.WriteNPY] writes the matrix for NumPy.
// An entry does not depend on the tile, the shard or the run that it was computed in, so that the matrix has the same
// bytes however it came about. [Estimate] says beforehand how long that takes.
//
// [Regress] predicts labels from such matrices by kernel regression.
package job
