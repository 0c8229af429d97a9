// The page of one export: the same content as the drawer's.

import "./doings.js";
import { follow, installDetail } from "./detail.js";

installDetail();
follow(document.querySelector(".ec-detail"));
